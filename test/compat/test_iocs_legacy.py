"""The five legacy operations and QueryIOCs. FalconPy's service class does not send
them any more; the Uber class does."""
import pytest
from falconpy import IOC, Iocs

from conftest import refused
from test_indicators import Desk, created, good, one

SHA = "ab" * 32


@pytest.fixture
def desk(server):
    return Desk(server, "uber")


def add(desk, *iocs):
    return good(desk("CreateIOC", body=list(iocs) if len(iocs) > 1 else iocs[0]))["resources"]


def test_life(desk):
    (made,) = add(desk, {"type": "domain", "value": "Bad.Example", "policy": "detect", "share_level": "red", "expiration_days": 30, "source": "s", "description": "d"})
    assert (made["value"], made["policy"], made["share_level"], made["expiration_days"]) == ("bad.example", "detect", "red", 30)
    assert made["batch_id"] and made["created_by"] == desk.credentials["client_id"] and made["expiration_timestamp"] > made["created_timestamp"]
    where = {"type": "domain", "value": "bad.example"}
    assert good(desk("GetIOC", parameters=where))["resources"] == [made]
    assert good(desk("GetIOC", type="domain", value="bad.example"))["resources"] == [made]
    assert good(desk("GetIOC", parameters={"ids": "domain:bad.example"}))["resources"] == [made]
    (changed,) = good(desk("UpdateIOC", parameters=where, body={"policy": "none"}))["resources"]
    assert changed["policy"] == "none" and changed["source"] == "s"
    assert good(desk("DeleteIOC", parameters=where))["resources"] == ["domain:bad.example"]
    for op, more in (("GetIOC", {}), ("UpdateIOC", {"body": {"policy": "none"}}), ("DeleteIOC", {})):
        assert refused(desk(op, parameters=where, **more), 404)["id"] == "domain:bad.example"
    (again,) = add(desk, {**where, "policy": "detect"})
    assert again["policy"] == "detect" and again["batch_id"] != made["batch_id"]


@pytest.mark.parametrize("body", [
    {}, {"type": "domain", "value": "a.example"}, {"type": "sha256", "value": "zz", "policy": "detect"},
    {"type": "sha256", "value": SHA, "policy": "detect", "expiration_days": 3}, {"type": "domain", "value": "a" * 201, "policy": "none"},
    [{"type": "ipv4", "value": "192.0.2.1", "policy": "detect"}, {"type": "ipv4", "value": "192.0.2.256", "policy": "detect"}],
])
def test_create_refuses(desk, body):
    refused(desk("CreateIOC", body=body), 400)
    assert good(desk("QueryIOCs"))["resources"] == []


def test_duplicates_are_named(desk):
    add(desk, {"type": "ipv4", "value": "192.0.2.1", "policy": "detect"})
    assert refused(desk("CreateIOC", body={"type": "ipv4", "value": "192.0.2.1", "policy": "none"}), 400)["id"] == "ipv4:192.0.2.1"


def test_queries(desk):
    add(desk, {"type": "domain", "value": "a.example", "policy": "detect", "source": "one", "expiration_timestamp": "2998-01-01T00:00:00Z"},
        {"type": "ipv4", "value": "192.0.2.1", "policy": "none", "source": "two"}, {"type": "sha256", "value": SHA, "policy": "detect", "source": "two"})
    good(desk("DeleteIOC", type="sha256", value=SHA))
    domain, address, file = "domain:a.example", "ipv4:192.0.2.1", f"sha256:{SHA}"
    for parameters, want in [
        ({}, {domain, address}), ({"types": "domain"}, {domain}), ({"types": "domain,ipv4"}, {domain, address}), ({"values": "A.example"}, {domain}),
        ({"policies": "none"}, {address}), ({"sources": "two"}, {address}), ({"share_levels": "red"}, {domain, address}),
        ({"include_deleted": True}, {domain, address, file}), ({"include_deleted": "false"}, {domain, address}),
        ({"deleted_by": desk.credentials["client_id"]}, {file}), ({"created_by": "nobody"}, set()),
        ({"from.expiration_timestamp": "2997-01-01T00:00:00Z"}, {domain}), ({"to.expiration_timestamp": "2997-01-01T00:00:00Z"}, set()),
    ]:
        body = good(desk("QueryIOCs", parameters=parameters))
        assert set(body["resources"]) == want and body["meta"]["pagination"]["total"] == len(want), parameters
    seen, offset, total = [], 0, 1
    while offset < total:  # as public clients read everything
        body = good(desk("QueryIOCs", parameters={"limit": 1, "offset": offset, "sort": "value"}))
        seen += body["resources"]
        offset, total = body["meta"]["pagination"]["offset"], body["meta"]["pagination"]["total"]
    assert seen == [address, domain]


def test_service_class_sends_nothing(desk):
    """What current FalconPy makes of these methods: an answer of its own."""
    service = Iocs(**desk.credentials)
    for name in ("get_ioc", "create_ioc", "delete_ioc", "update_ioc", "query_iocs"):
        result = getattr(service, name)(**({"body": {}} if name == "create_ioc" else {"type": "domain", "value": "bad.example"}))
        assert result["status_code"] == 500 and "X-Cs-Traceid" not in result["headers"], result


def test_both_families_show_the_same(desk):
    modern = IOC(**desk.credentials)
    (made,) = created(modern.indicator_create(body={"indicators": [one(action="prevent")]}))
    (seen,) = good(desk("GetIOC", type="domain", value="bad.example"))["resources"]
    assert (seen["policy"], seen["share_level"]) == ("detect", "red")
    good(desk("UpdateIOC", type="domain", value="bad.example", body={"policy": "detect", "description": "kept"}))
    assert good(modern.indicator_get(made["id"]))["resources"][0]["action"] == "prevent"
    good(desk("UpdateIOC", type="domain", value="bad.example", body={"policy": "none"}))
    assert good(modern.indicator_get(made["id"]))["resources"][0]["action"] == "no_action"
    add(desk, {"type": "ipv4", "value": "192.0.2.1", "policy": "detect"})
    (old,) = good(modern.indicator_combined(filter="type:'ipv4'"))["resources"]
    assert (old["action"], old["applied_globally"], old["platforms"]) == ("detect", True, ["windows", "mac", "linux"]) and "severity" not in old
