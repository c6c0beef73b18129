"""The operations of hosts, in each way that FalconPy has to call them, over hosts
that telemetry made."""
import json

import pytest
from falconpy import Hosts

from conftest import Customer, ok, refused

COUNT = 230
PLATFORMS = {"Win": "Windows", "Lin": "Linux", "Mac": "Mac"}


def aid(n):
    return f"{n + 1:032x}"


def line(n):
    """What a sensor tells of host n, as the vendor's replicator writes it."""
    return {
        "aid": aid(n), "ComputerName": f"ws-{n:03}", "event_platform": list(PLATFORMS)[n % 3], "Version": f"System {n % 4}",
        "AgentVersion": f"7.{n % 2}.1", "MachineDomain": "corp.example", "Time": f"{1700000000 + 60 * n}.25",
        "aip": f"192.0.2.{n % 250}", "LocalAddressIP4": f"10.0.{n // 200}.{n % 200}",
    }


HOSTS = {aid(n): line(n) for n in range(COUNT)}


@pytest.fixture(scope="module")
def company(server):
    """A customer with all hosts, which no test of this module changes."""
    made = Customer(server, ("ingest:write", "devices:read"))
    made.send("POST", "/ingest/v1/events?format=fdr", data="".join(json.dumps(h) + "\n" for h in HOSTS.values()),
              headers={"Content-Type": "application/x-ndjson"})
    made.hosts = Hosts(**made.credentials)
    return made


PEP8 = {
    "QueryDevicesByFilter": "query_devices_by_filter", "QueryDevicesByFilterScroll": "query_devices_by_filter_scroll",
    "GetDeviceDetails": "get_device_details", "PostDeviceDetailsV2": "post_device_details_v2",
    "GetDeviceDetailsV1": "get_device_details_v1", "GetDeviceDetailsV2": "get_device_details_v2",
}
DETAILS = ["GetDeviceDetails", "PostDeviceDetailsV2", "GetDeviceDetailsV1", "GetDeviceDetailsV2"]


@pytest.fixture(params=["pep8", "operation id", "uber"])
def call(request, company):
    """A way to call an operation by its id with keywords."""
    def harness(op, **keywords):
        if op in ("GetDeviceDetails", "PostDeviceDetailsV2"):
            return company.uber.command(op, body=keywords)  # the Uber class takes bodies as they are
        return company.uber.command(op, **keywords)

    return {
        "pep8": lambda op, **keywords: getattr(company.hosts, PEP8[op])(**keywords),
        "operation id": lambda op, **keywords: getattr(company.hosts, op)(**keywords),
        "uber": harness,
    }[request.param]


def test_query(call):
    body = ok(call("QueryDevicesByFilter"))
    assert body["resources"] == list(HOSTS)[:100]  # by name
    page = body["meta"]["pagination"]
    assert page == {"offset": 100, "limit": 100, "total": COUNT}


def test_query_by_filter(call):
    body = ok(call("QueryDevicesByFilter", filter="platform_name:'Linux'+os_version:['System 1','System 3']", sort="last_seen.desc", limit=5000))
    want = [a for a, h in HOSTS.items() if h["event_platform"] == "Lin" and h["Version"] in ("System 1", "System 3")]
    assert body["resources"] == want[::-1]
    assert body["meta"]["pagination"]["total"] == len(want)
    assert ok(call("QueryDevicesByFilter", filter="hostname:'nobody'"))["resources"] == []
    assert ok(call("QueryDevicesByFilter", filter="local_ip:'10.0.1.0/24'"))["resources"] == list(HOSTS)[200:]


def test_query_mistakes(call):
    assert "platform_name" in refused(call("QueryDevicesByFilter", filter="nosuch:'x'"), 400)["message"]
    assert "at 9" in refused(call("QueryDevicesByFilter", filter="hostname"), 400)["message"]
    assert "scroll" in refused(call("QueryDevicesByFilter", offset=9950), 400)["message"]
    assert "1..5000" in refused(call("QueryDevicesByFilter", limit=5001), 400)["message"]


def test_scroll(call):
    """The loop of the public samples: an empty offset first, and until it is empty."""
    found, offset, pages = [], "", 0
    while pages == 0 or offset:
        body = ok(call("QueryDevicesByFilterScroll", limit=100, offset=offset, sort="hostname.desc", filter="hostname:'ws-*'"))
        page = body["meta"]["pagination"]
        assert isinstance(page["offset"], str) and page["total"] == COUNT
        assert ("expires_at" in page) == (page["offset"] != "")
        found, offset, pages = found + body["resources"], page["offset"], pages + 1
    assert found == list(HOSTS)[::-1] and pages == 3
    refused(call("QueryDevicesByFilterScroll", offset="nonsense"), 400)


@pytest.mark.parametrize("op", DETAILS)
def test_details(call, op):
    ids = [aid(7), aid(5)]
    devices = ok(call(op, ids=ids))["resources"]
    assert [d["device_id"] for d in devices] == ids
    for device, told in zip(devices, (HOSTS[i] for i in ids)):
        assert device["hostname"] == told["ComputerName"]
        assert device["platform_name"] == PLATFORMS[told["event_platform"]]
        assert device["os_version"] == told["Version"] and device["agent_version"] == told["AgentVersion"]
        assert device["external_ip"] == told["aip"] and device["local_ip"] == told["LocalAddressIP4"]
        assert device["machine_domain"] == "corp.example"
        assert device["groups"] == [] and device["tags"] == [] and device["ou"] == []


@pytest.mark.parametrize("op", DETAILS)
def test_details_of_unknown_hosts(call, op):
    result = call(op, ids=[aid(7), "f" * 32])
    assert [d["device_id"] for d in ok(result)["resources"]] == [aid(7)]
    (error,) = result["body"]["errors"]
    assert error["code"] == 404 and error["id"] == "f" * 32
    assert refused(call(op, ids=["f" * 32]), 404)["id"] == "f" * 32


def test_ids_as_text(company):
    """FalconPy parts a text at its commas for lists in the query."""
    text = f"{aid(1)},{aid(2)}"
    for op in ("get_device_details_v1", "get_device_details_v2", "get_device_details"):
        assert [d["hostname"] for d in ok(getattr(company.hosts, op)(ids=text))["resources"]] == ["ws-001", "ws-002"]
    assert [d["hostname"] for d in ok(company.hosts.get_device_details(aid(1)))["resources"]] == ["ws-001"]


def test_many_details(company):
    assert len(ok(company.hosts.post_device_details_v2(ids=list(HOSTS)))["resources"]) == COUNT
    assert "POST" in refused(company.hosts.get_device_details_v2(ids=list(HOSTS)[:101]), 400)["message"]


def test_scope(server, company):
    other = Hosts(**server.new_client("quarantined-files:read", cid=company.cid))
    assert refused(other.query_devices_by_filter(), 403)["message"] == "access denied, authorization failed"
