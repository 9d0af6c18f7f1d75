"""The Model Context Protocol's own Python client against `oint mcp`: what an assistant would do, and what it must not get."""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

OINT, HOOK = os.environ["OINT"], os.environ["PLAIN_HOOK"]
SECRET = HOOK.rstrip("/").rsplit("/", 1)[-1]


def server(*options, **environment):
    variables = {"PATH": os.environ.get("PATH", ""), "B24_URL": HOOK, "B24_LIMITS": "off", **environment}
    return StdioServerParameters(command=OINT, args=["mcp", *options], env=variables)


async def call(session, tool, **arguments):
    """A tool's answer: whether it is an error, and its text."""
    answer = await session.call_tool(tool, arguments)
    text = "".join(part.text for part in answer.content)
    assert SECRET not in text, "a secret is shown"
    return bool(answer.is_error), text


async def good(session, tool, **arguments):
    is_error, text = await call(session, tool, **arguments)
    assert not is_error, f"{tool} {arguments}: {text}"
    return json.loads(text)


async def bad(session, tool, words, **arguments):
    is_error, text = await call(session, tool, **arguments)
    assert is_error and words in text, f"{tool} {arguments}: {text}"


async def reading():
    async with stdio_client(server()) as (read, write), ClientSession(read, write) as session:
        hello = await session.initialize()
        assert hello.server_info.name == "oint" and hello.instructions, hello
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert list(tools) == ["list_categories", "search_methods", "describe_method", "call_method"], list(tools)
        assert tools["call_method"].annotations.read_only_hint is True
        assert all(tool.input_schema["type"] == "object" for tool in tools.values())

        categories = await good(session, "list_categories")
        assert any(row["category"] == "tasks" and row["methods"] > 20 for row in categories), categories[:3]
        found = await good(session, "search_methods", query="deal list", limit=20)
        assert 0 < len(found) <= 20 and any(row["method"] == "crm.deal.list" for row in found), found
        found = await good(session, "search_methods", query="list", category="crm/deals")
        assert found and all(row["category"] == "crm/deals" for row in found), found
        described = await good(session, "describe_method", method="GetDealsList")
        assert described["method"] == "crm.deal.list" and described["allowed"] is True, described.keys()
        assert any(param["name"] == "filter" for param in described["params"])
        assert (await good(session, "describe_method", method="crm.deal.add")).get("allowed") is not True

        page = await good(session, "call_method", method="crm.deal.list", params={"select": ["ID", "TITLE"]})
        assert len(page["result"]) == 50 and page["next"] == 50 and page["total"] == 500, page.keys()
        await bad(session, "call_method", "--allow-writes", method="crm.deal.add", params={"fields": {"TITLE": "No"}})
        await bad(session, "call_method", "--allow-deletes", method="crm.deal.delete", params={"id": 1})
        await bad(session, "call_method", "--allow-writes --allow-deletes", method="crm.deal.destroy", params={"id": 1})
        await bad(session, "call_method", "one by one", method="batch", params={"cmd": {"a": "crm.deal.delete?id=1"}})
        await bad(session, "call_method", "no method name", method="../crm.deal.delete", params={"id": 1})
        await bad(session, "call_method", "did you mean", method="crm.deal.lst")
        await bad(session, "call_method", "has no parameter `fitler`", method="crm.deal.list", params={"fitler": {}})
        await bad(session, "call_method", "needs more", method="crm.deal.get")
        await bad(session, "call_method", "Not found", method="crm.deal.get", params={"id": 99999999})
        await bad(session, "call_method", "unknown field", method="crm.deal.get", parameters={"id": 1})
        try:
            await session.call_tool("drop_everything", {})
            raise AssertionError("a tool that does not exist was called")
        except AssertionError:
            raise
        except Exception as error:
            assert "drop_everything" in str(error), error

        # Requests that are on their way at once are told apart.
        ids = [int(deal["ID"]) for deal in page["result"][:20]]
        deals = await asyncio.gather(*(good(session, "call_method", method="crm.deal.get", params={"id": id}) for id in ids))
        assert [int(deal["result"]["ID"]) for deal in deals] == ids
    return len(page["result"])


async def writing():
    async with stdio_client(server("--allow-writes")) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        made = await good(session, "call_method", method="CreateDeal", params={"fields": {"TITLE": "By an assistant"}})
        await bad(session, "call_method", "--allow-deletes", method="crm.deal.delete", params={"id": made["result"]})
        secret = os.path.abspath(__file__)
        sent = await call(session, "call_method", method="crm.contact.add", params={"fields": {"NAME": "A", "PHOTO": secret}})
        assert "asyncio" not in sent[1], "a file of the disk was read"
    options = ("--allow-writes", "--allow-deletes")
    async with stdio_client(server(*options)) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        gone = await good(session, "call_method", method="CreateDeal", params={"fields": {"TITLE": "Gone"}})
        await good(session, "call_method", method="crm.deal.delete", params={"id": gone["result"]})
    return made["result"], gone["result"]


async def cut():
    async with stdio_client(server("--max-result", "2000")) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        _, text = await call(session, "call_method", method="crm.deal.list", params={})
        page = json.loads(text)
        assert len(text) <= 2000 and 0 < len(page["result"]) < 50 and "cut" in page["note"], text
    async with stdio_client(server(B24_URL="")) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        assert await good(session, "search_methods", query="user")
        await bad(session, "call_method", "there is no portal", method="profile")


async def main():
    listed = await reading()
    made, gone = await writing()
    await cut()
    print(json.dumps({"listed": listed, "made": made, "gone": gone}))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BaseExceptionGroup as group:
        error = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        sys.exit(f"{type(error).__name__}: {error}")
