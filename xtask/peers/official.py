"""b24pysdk, the portal's own SDK for Python, against the simulated portal."""
from urllib.parse import urlparse

from b24pysdk import BitrixWebhook, Client
from common import HOOK, control, report

address = urlparse(HOOK)
webhook = BitrixWebhook(domain=address.netloc, webhook_token=address.path.split("/rest/")[1].strip("/"))
portal = Client(webhook)
deals = portal.crm.deal.list(select=["ID", "TITLE"]).as_list().result
listed = sorted(int(deal["ID"]) for deal in deals)
fast = sorted(int(deal["ID"]) for deal in portal.crm.deal.list(select=["ID"]).as_list_fast().result)
got = portal.crm.deal.get(bitrix_id=listed[0]).result
added = int(portal.crm.deal.add(fields={"TITLE": "By b24pysdk", "OPPORTUNITY": 10}).result)
portal.crm.deal.update(bitrix_id=added, fields={"TITLE": "By b24pysdk, changed"}).result
gone = int(portal.crm.deal.add(fields={"TITLE": "To be removed"}).result)
portal.crm.deal.delete(bitrix_id=gone).result
batch = portal.call_batches([portal.crm.deal.add(fields={"TITLE": f"Of a batch {at}"}) for at in range(60)]).result
batch = batch.result if hasattr(batch, "result") else batch["result"]
many = [int(number) for number in (batch.values() if isinstance(batch, dict) else batch)]
file = webhook.call_method(
    "disk.storage.uploadfile", {"id": 1, "data": {"NAME": "official.txt"}, "fileContent": ["official.txt", "b2ZmaWNpYWw="]}
)["result"]

control("options", {"bucket": {"rate": 5, "burst": 5, "level": 5}})
burst = [portal.crm.deal.get(bitrix_id=number).result["ID"] for number in listed[:8]]
control("options", {"bucket": None})

report(
    listed=listed, fast=fast, got=int(got["ID"]), added=added, gone=gone, many=many, file=file["ID"], burst=len(burst)
)
