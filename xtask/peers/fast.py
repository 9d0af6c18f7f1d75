"""fast_bitrix24 against the simulated portal."""
import asyncio
import json
import os
import ssl
import urllib.request

from common import CONTROL, HOOK, control, report
from fast_bitrix24 import Bitrix, BitrixAsync

portal = Bitrix(HOOK, verbose=False)
deals = portal.get_all("crm.deal.list", {"select": ["ID", "TITLE"]})
listed = sorted(int(deal["ID"]) for deal in deals)
got = portal.get_by_ID("crm.deal.get", listed[:3])
added = int(portal.call("crm.deal.add", {"fields": {"TITLE": "By fast_bitrix24", "OPPORTUNITY": 10}}))
portal.call("crm.deal.update", {"id": added, "fields": {"TITLE": "By fast_bitrix24, changed"}})
gone = int(portal.call("crm.deal.add", {"fields": {"TITLE": "To be removed"}}))
portal.call("crm.deal.delete", {"id": gone})
many = [int(number) for number in portal.call("crm.deal.add", [{"fields": {"TITLE": f"Of a batch {at}"}} for at in range(60)])]
file = portal.call("disk.storage.uploadfile", {"id": 1, "data": {"NAME": "fast.txt"}, "fileContent": ["fast.txt", "ZmFzdA=="]})
file = file if "ID" in file else next(iter(file.values()))

# A bucket that is full already and drains quickly: the peer has to come back.
control("options", {"bucket": {"rate": 5, "burst": 5, "level": 5}})
burst = portal.get_by_ID("crm.deal.get", listed[:120])
control("options", {"bucket": None})

# The token runs out while calls are on their way.
refresh = {"token": os.environ["REFRESH"], "count": 0}


async def token():
    refresh["count"] += 1
    query = f"grant_type=refresh_token&client_id={os.environ['CLIENT']}&client_secret={os.environ['SECRET']}"
    with urllib.request.urlopen(f"{CONTROL}/oauth/token/?{query}&refresh_token={refresh['token']}", timeout=30) as answer:
        pair = json.load(answer)
    refresh["token"] = pair["refresh_token"]
    return pair["access_token"]


async def with_token():
    client = BitrixAsync(HOOK.split("/rest/")[0] + "/rest/", token_func=token, verbose=False)
    before = await client.call("profile", raw=True)
    control("expire", {})
    after = await client.call("profile", raw=True)
    return before["result"]["ID"], after["result"]["ID"]


report(
    listed=listed, got=len(got), added=added, gone=gone, many=many, file=file["ID"], burst=len(burst),
    profiles=asyncio.run(with_token()), refreshes=refresh["count"],
)
