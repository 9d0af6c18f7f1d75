"""What the Python peers share: the portal's addresses, its control endpoint, and the report."""
import json
import os
import urllib.request

HOOK = os.environ["HOOK"]
CONTROL = os.environ["CONTROL"]


def control(path, body=None):
    """Asks the portal's control endpoint."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{CONTROL}/_sandbox/{path}", data=data), timeout=30) as answer:
        return json.load(answer)


def report(**found):
    """Tells what was seen, as the last line."""
    print(json.dumps(found))
