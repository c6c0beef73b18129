"""The /iocs/ family through FalconPy: the service class by both method names, and
the Uber class."""
import datetime
import itertools

import pytest
from falconpy import IOC, APIError, APIHarnessV2

from conftest import UNKNOWN, refused

SCOPES = ("ioc:read", "ioc:write", "iocs:read", "iocs:write")
PEP8 = {
    "indicator_aggregate_v1": "indicator_aggregate", "indicator_combined_v1": "indicator_combined", "action_get_v1": "action_get",
    "indicator_get_v1": "indicator_get", "indicator_create_v1": "indicator_create", "indicator_update_v1": "indicator_update",
    "indicator_delete_v1": "indicator_delete", "action_query_v1": "action_query", "indicator_search_v1": "indicator_search",
    "ioc_type_query_v1": "ioc_type_query", "platform_query_v1": "platform_query", "severity_query_v1": "severity_query",
}
STYLES = ["pep8", "operation id", "uber"]
_customers = itertools.count(1)


class Desk:
    """A customer of its own with indicators, and three ways to call."""

    def __init__(self, server, style="pep8"):
        self.credentials = server.new_client(*SCOPES, cid=f"{0x10c000 + next(_customers):032x}")
        self.service = IOC(**self.credentials)
        self.uber = APIHarnessV2(**self.credentials)
        self.style = style

    def __call__(self, op, **keywords):
        if self.style == "uber":
            return self.uber.command(op, **keywords)
        return getattr(self.service, PEP8[op] if self.style == "pep8" else op)(**keywords)

    def create(self, *indicators, **more):
        return created(self("indicator_create_v1", body={"indicators": list(indicators), **more}))


@pytest.fixture(params=STYLES)
def desk(request, server):
    return Desk(server, request.param)


@pytest.fixture
def service(server):
    return Desk(server).service


def created(result):
    assert result["status_code"] == 201 and result["body"]["errors"] == [], result
    return result["body"]["resources"]


def good(result):
    assert result["status_code"] == 200 and result["body"]["errors"] == [], result
    return result["body"]


def one(type="domain", value="bad.example", **fields):
    return {"type": type, "value": value, "action": "detect", "severity": "high", "platforms": ["windows"], "applied_globally": True, **fields}


def test_life(desk):
    first, second = desk.create(one(), one("ipv6", "2001:DB8::0:1", tags=["a", "b"], source="feed", description="d"), comment="why")
    assert (second["type"], second["value"], second["tags"], second["source"]) == ("ipv6", "2001:db8::1", ["a", "b"], "feed")
    assert len(first["id"]) == 64 and not first["deleted"] and not first["expired"] and "expiration" not in first
    assert good(desk("indicator_get_v1", ids=[second["id"], first["id"]]))["resources"] == [second, first]

    changed = good(desk("indicator_update_v1", body={"indicators": [{"id": first["id"], "severity": "low", "tags": ["x"]}], "comment": "lower"}))["resources"]
    assert [(c["id"], c["severity"], c["tags"], c["action"]) for c in changed] == [(first["id"], "low", ["x"], "detect")]

    gone = good(desk("indicator_delete_v1", ids=[first["id"]], comment="done"))
    assert gone["resources"] == [first["id"]]
    assert refused(desk("indicator_get_v1", ids=[first["id"]]), 404)["id"] == first["id"]
    partly = desk("indicator_get_v1", ids=[first["id"], second["id"]])
    assert partly["status_code"] == 200 and partly["body"]["errors"][0]["code"] == 404 and len(partly["body"]["resources"]) == 1

    (again,) = desk.create(one(severity="critical"))
    assert again["id"] == first["id"] and again["severity"] == "critical" and again["tags"] == []


def test_keywords_make_one_indicator(service):
    """The keyword path wraps one object, and splits lists at commas."""
    (made,) = created(service.indicator_create(
        action="DETECT", severity="High", type="sha256", value=UNKNOWN.upper(), platforms="windows,Mac", tags="a,b", applied_globally=True,
        filename="evil.exe", comment="c", retrodetects=True, ignore_warnings=False, source="s", description="d",
        expiration=(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)).isoformat()))
    assert (made["action"], made["severity"], made["platforms"], made["tags"]) == ("detect", "high", ["windows", "mac"], ["a", "b"])
    assert made["metadata"] == {"filename": "evil.exe"} and made["expiration"].endswith("Z")
    changed = good(service.indicator_update(id=made["id"], action="prevent", host_groups=UNKNOWN[:32], retrodetects=False))
    assert changed["resources"][0]["action"] == "prevent" and changed["resources"][0]["host_groups"] == [UNKNOWN[:32]]
    good(service.indicator_update(id=made["id"], type="sha256", value=UNKNOWN, severity="low"))
    assert good(service.indicator_delete(made["id"]))["resources"] == [made["id"]]  # the positional argument
    assert good(service.indicator_search(filter="deleted:true"))["resources"] == [made["id"]]


def test_bulk(desk):
    desk.create(*[one("ipv4", f"192.0.2.{n}", severity=("low", "high")[n % 2]) for n in range(6)])
    body = good(desk("indicator_update_v1", body={"bulk_update": {"filter": "severity:'low'", "action": "prevent"}, "indicators": [{}]}))
    assert len(body["resources"]) == 3 and body["meta"]["writes"]["resources_affected"] == 3
    assert len(good(desk("indicator_delete_v1", filter="action:'prevent'"))["resources"]) == 3
    assert good(desk("indicator_search_v1"))["meta"]["pagination"]["total"] == 3
    if desk.style == "pep8":  # sends an empty element beside it
        assert len(good(desk.service.indicator_update(bulk_update={"filter": "*", "severity": "low"}))["resources"]) == 3


@pytest.mark.parametrize("keywords", [
    {"body": {}}, {"body": {"indicators": []}}, {"body": {"indicators": [{}]}}, {"body": {"indicators": [{"type": "ipv4"}]}},
    {"body": {"indicators": [one(mobile_action=["detect"])]}}, {"body": {"indicators": [one(action="EXPLODE")]}},
    {"body": {"indicators": [one(severity="WORST")]}}, {"body": {"indicators": [one(expiration="2021-10-22T10:40:39.372Z")]}},
    {"body": {"indicators": [one(applied_globally=False)]}}, {"body": {"indicators": [one("md5", "zz")]}},
])
def test_create_refuses(desk, keywords):
    refused(desk("indicator_create_v1", **keywords), 400)
    assert good(desk("indicator_search_v1"))["meta"]["pagination"]["total"] == 0


@pytest.mark.parametrize("body", [
    {"indicators": [{"type": "ipv4"}]}, {"indicators": [{}]}, {"bulk_update": {"filter": "whatever nonsense", "action": "detect"}},
    {"bulk_update": {"action": "detect"}, "indicators": [{}]}, {"bulk_update": {"filter": "*", "expiration": "2021-10-22T11:03:16.123Z"}},
])
def test_update_refuses(desk, body):
    desk.create(one())
    refused(desk("indicator_update_v1", body=body), 400)


def test_delete_refuses(desk):
    desk.create(one())
    refused(desk("indicator_delete_v1"), 400)
    refused(desk("indicator_delete_v1", filter=""), 400)
    refused(desk("indicator_delete_v1", ids=[UNKNOWN]), 404)
    assert len(good(desk("indicator_delete_v1", filter="*"))["resources"]) == 1


def test_duplicates_are_named(desk):
    desk.create(one())
    error = refused(desk("indicator_create_v1", body={"indicators": [one("ipv4", "192.0.2.1"), one()]}), 400)
    assert error["id"] == "domain:bad.example"
    assert good(desk("indicator_search_v1"))["meta"]["pagination"]["total"] == 1


def test_read_all_by_after(desk):
    """As the method's documentation has it: without an offset, by the token of the page before."""
    desk.create(*[one("ipv4", f"192.0.2.{n}") for n in range(7)])
    seen, after, pages = [], None, 0
    while after != "":
        body = good(desk("indicator_combined_v1", limit=3, sort="value.asc", **({"after": after} if after else {})))
        seen += [r["value"] for r in body["resources"]]
        after = body["meta"]["pagination"]["after"]
        pages += 1
    assert seen == [f"192.0.2.{n}" for n in range(7)] and pages == 3


def test_read_all_by_offset(desk):
    desk.create(*[one("ipv4", f"192.0.2.{n}") for n in range(7)])
    seen, offset, total = [], 0, 1
    while offset < total:
        body = good(desk("indicator_search_v1", limit=3, offset=offset))
        seen += body["resources"]
        page = body["meta"]["pagination"]
        offset, total = page["offset"], page["total"]
    assert len(set(seen)) == 7


def test_search_filters(desk):
    desk.create(one(), one("ipv4", "192.0.2.1", severity="low", platforms=["linux"], tags=["x"]), one("md5", "A" * 32, action="allow", severity="low"))
    for filters, want in {
        "type:'domain'": {"bad.example"}, "type:['ipv4','md5']": {"192.0.2.1", "a" * 32}, "value:'BAD.example'": {"bad.example"},
        "action:'allow'": {"a" * 32}, "tags:'x'": {"192.0.2.1"}, "platforms:!'windows'": {"192.0.2.1"}, "severity_number:>30": {"bad.example"},
        "created_on:>'now-1h'+type:!'md5'": {"bad.example", "192.0.2.1"}, "expired:true": set(), "applied_globally:true": {"bad.example", "192.0.2.1", "a" * 32},
        "created_by:'" + desk.credentials["client_id"] + "'": {"bad.example", "192.0.2.1", "a" * 32},
    }.items():
        assert {r["value"] for r in good(desk("indicator_combined_v1", filter=filters))["resources"]} == want, filters
    refused(desk("indicator_search_v1", filter="nosuch:'x'"), 400)
    assert good(desk("indicator_search_v1", from_parent=True))["resources"] == []


def test_aggregate(desk):
    desk.create(one(), one("ipv4", "192.0.2.1"), one("ipv4", "192.0.2.2"))
    body = good(desk("indicator_aggregate_v1", body={"field": "type", "type": "terms", "name": "kinds"}))
    (result,) = body["resources"]
    assert result["name"] == "kinds" and {b["label"]: b["count"] for b in result["buckets"]} == {"ipv4": 2, "domain": 1}
    if desk.style != "uber":
        assert good(desk("indicator_aggregate_v1", field="severity", type="terms"))["resources"][0]["buckets"][0]["count"] == 3
    refused(desk("indicator_aggregate_v1", body={"field": "type"}), 400)


def test_words(desk):
    assert good(desk("action_query_v1"))["resources"] == ["no_action", "allow", "detect", "prevent", "prevent_no_ui"]
    assert good(desk("ioc_type_query_v1"))["resources"] == ["sha256", "md5", "domain", "ipv4", "ipv6"]
    assert good(desk("platform_query_v1"))["resources"] == ["windows", "mac", "linux", "android", "ios"]
    assert good(desk("severity_query_v1", offset="1", limit=2))["resources"] == ["low", "medium"]
    (detect,) = good(desk("action_get_v1", ids=["detect"]))["resources"]
    assert detect["id"] == "detect" and detect["severities"] and "windows" in detect["platforms_by_type"]["sha256"]


def test_what_is_not_served(service):
    refused(service.get_indicators_report(report_format="csv", query="x"), 404)


def test_pythonic(server):
    desk = Desk(server)
    desk.create(*[one("ipv4", f"192.0.2.{n}") for n in range(3)])
    pythonic = IOC(**desk.credentials, pythonic=True)
    result = pythonic.indicator_search(limit=2)
    assert (result.total, result.limit, len(result.data), bool(result.after)) == (3, 2, 2, True)
    with pytest.raises(APIError):
        pythonic.indicator_get(ids=UNKNOWN)
