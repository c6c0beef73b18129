"""All six quarantine operations, in each way that FalconPy has to call them, over
records that came in as hosts report them."""
import collections
import datetime
import io
import json
import re
import zipfile

import pytest
from falconpy import APIError, Quarantine

from conftest import UNKNOWN, Customer, ok, refused
from records import FILES, REPORTS, moment, record, record_id

PEP8 = {
    "ActionUpdateCount": "action_update_count",
    "GetAggregateFiles": "get_aggregate_files",
    "GetQuarantineFiles": "get_quarantine_files",
    "UpdateQuarantinedDetectsByIds": "update_quarantined_detects_by_id",
    "QueryQuarantineFiles": "query_quarantine_files",
    "UpdateQfByQuery": "update_quarantined_detects_by_query",
}
STYLES = ["pep8", "operation id", "uber"]
ALL = {record_id(r) for r in REPORTS}


def style_of(customer, style):
    """A way to call an operation by its id with keywords."""
    def harness(op, **keywords):
        if op in ("ActionUpdateCount", "QueryQuarantineFiles") or "body" in keywords:
            return customer.uber.command(op, **keywords)
        return customer.uber.command(op, body=keywords)  # the Uber class takes bodies as they are

    return {
        "pep8": lambda op, **keywords: getattr(customer.quarantine, PEP8[op])(**keywords),
        "operation id": lambda op, **keywords: getattr(customer.quarantine, op)(**keywords),
        "uber": harness,
    }[style]


@pytest.fixture(scope="module")
def company(server):
    """A customer with all records, which no test of this module changes."""
    made = Customer(server)
    for report, data in zip(REPORTS, FILES):
        made.report(report, data)
    lines = "".join(json.dumps(r) + "\n" for r in REPORTS[len(FILES):])
    made.send("POST", "/ingest/v1/quarantine", data=lines.encode(), headers={"Content-Type": "application/x-ndjson"})
    return made


@pytest.fixture(params=STYLES)
def call(request, company):
    return style_of(company, request.param)


@pytest.fixture(params=STYLES)
def change(request, customer):
    """A way to call, and a customer whose records the test may change: the first four, with bytes."""
    for report, data in zip(REPORTS, FILES):
        customer.report(report, data)
    return style_of(customer, request.param), customer


IDS = [record_id(r) for r in REPORTS[:4]]


def ids_of(predicate):
    return {record_id(r) for r in REPORTS if predicate(r)}


def asked(result):
    return set(ok(result)["resources"])


# QueryQuarantineFiles

def test_query_without_anything(call):
    body = ok(call("QueryQuarantineFiles"))
    newest = sorted(REPORTS, key=lambda r: r["date_created"], reverse=True)
    assert body["resources"] == [record_id(r) for r in newest], "newest first, all of them"
    page = body["meta"]["pagination"]
    assert (page["total"], page["offset"], page["limit"]) == (40, 40, 100)
    assert all(type(page[k]) is int for k in ("total", "offset", "limit"))
    assert re.fullmatch(r"[0-9a-f-]{36}", body["meta"]["trace_id"]) and isinstance(body["meta"]["query_time"], float)


@pytest.mark.parametrize("filters", ["", "*", None])
def test_query_all(call, filters):
    assert asked(call("QueryQuarantineFiles", filter=filters)) == ALL


def severity(r):
    return r.get("max_severity")


def behavior(r):
    return r["behaviors"][0]


@pytest.mark.parametrize("filters, predicate", [
    ("hostname:'ws-FINANCE-02'", lambda r: r["hostname"] == "WS-Finance-02"),
    ("device.hostname:'ws-*'", lambda r: r["hostname"].lower().startswith("ws-")),
    ("hostname:['ws-finance-02']", lambda r: False),
    ("hostname:['WS-Finance-02','srv-web-01']", lambda r: r["hostname"] in ("WS-Finance-02", "srv-web-01")),
    ("hostname:!['WS-Finance-02','srv-web-01']", lambda r: r["hostname"] not in ("WS-Finance-02", "srv-web-01")),
    ("hostname:*'*FINANCE*'", lambda r: "finance" in r["hostname"].lower()),
    ("hostname:!*'*finance*'", lambda r: "finance" not in r["hostname"].lower()),
    ("hostname:~'finance ws'", lambda r: "finance" in r["hostname"].lower()),
    ("username:'bob'", lambda r: r["username"] == "Bob"),
    ("username:!'bob'", lambda r: r["username"] != "Bob"),
    ("!behaviors.username:'bob'", lambda r: r["username"] != "Bob"),
    ("username:null", lambda r: r["username"] == ""),
    ("username:!null", lambda r: r["username"] != ""),
    ("username:*'*'", lambda r: r["username"] != ""),
    ("username:'corp\\\\svc-backup'", lambda r: r["username"] == "CORP\\svc-backup"),
    ("status:'quarantined'", lambda r: True),
    ("state:!'quarantined'", lambda r: False),
    ("state:'deleted'", lambda r: False),
    ("paths.state:'quarantined'", lambda r: True),
    ("max_severity:>=70", lambda r: severity(r) is not None and severity(r) >= 70),
    ("max_severity:>20+max_severity:<=50", lambda r: severity(r) is not None and 20 < severity(r) <= 50),
    ("max_severity:13", lambda r: severity(r) == 13),
    ("max_severity:'13'", lambda r: severity(r) == 13),
    ("max_severity:null", lambda r: severity(r) is None),
    ("max_confidence:<65", lambda r: r.get("max_confidence", 999) < 65),
    ("paths.filename:'copy-*'", lambda r: len(r["paths"]) == 2),
    ("paths.path:*'*/downloads/*'", lambda r: "/downloads/" in r["paths"][0]["path"]),
    ("paths.path:*'c:\\\\users\\\\*'", lambda r: r["paths"][0]["path"].startswith("C:\\Users\\")),
    ("paths.path:~'invoice 7'", lambda r: "invoice 7." in r["paths"][0]["path"]),
    ("first_behavior:>'2025-03-05T00:00:00.123456789Z'", lambda r: r["first_behavior"] > "2025-03-05T00:00:00Z"),
    ("last_behavior:<='2025-03-02T00:00:00+01:00'", lambda r: moment(r["last_behavior"]) <= moment("2025-03-01T23:00:00Z")),
    ("date_created:'2025-03-04'", lambda r: r["date_created"].startswith("2025-03-04")),
    ("date_created:>='2025-03-04'+date_created:<'2025-03-05'", lambda r: r["date_created"].startswith("2025-03-04")),
    ("date_created:<'now-1d'", lambda r: True),
    ("date_updated:>'now+1h'", lambda r: False),
    ("hostname:'laptop-anna',hostname:'srv-web-01'+username:'bob'",
     lambda r: r["hostname"] == "laptop-anna" or r["hostname"] == "srv-web-01" and r["username"] == "Bob"),
    ("(hostname:'laptop-anna',hostname:'srv-web-01')+username:'bob'",
     lambda r: r["hostname"] in ("laptop-anna", "srv-web-01") and r["username"] == "Bob"),
    ("!(hostname:'laptop-anna',username:'bob')", lambda r: not (r["hostname"] == "laptop-anna" or r["username"] == "Bob")),
    ("behaviors.behavior_id:'101'", lambda r: behavior(r)["behavior_id"] == "101"),
    ("behaviors.ioc_type:'sha256'", lambda r: behavior(r)["ioc_type"] == "sha256"),
    ("behaviors.ioc_value:['value1.example','value2.example']", lambda r: behavior(r)["ioc_value"] in ("value1.example", "value2.example")),
    ("behaviors.tree_root_hash:'" + f"{3:064x}" + "'", lambda r: behavior(r)["tree_root_hash"] == f"{3:064x}"),
    ("device.country:'DE'", lambda r: r["country"] == "DE"),
    ("device.country:null", lambda r: r["country"] == ""),
    ("adversary_id:'adversary 1'", lambda r: r.get("adversary_id") == "adversary 1"),
    ("adversary_id:null", lambda r: "adversary_id" not in r),
    ("detect_ids:'" + REPORTS[9]["detect_ids"][0] + "'", lambda r: r is REPORTS[9]),
    ("alert_ids:!null", lambda r: r["alert_ids"] != []),
    ("alert_ids:'alert-8'", lambda r: r["alert_ids"] == ["alert-8"]),
    ("sha256:'" + REPORTS[7]["sha256"].upper() + "'", lambda r: r is REPORTS[7]),
    ("device.device_id:'" + REPORTS[2]["aid"] + "'", lambda r: r["aid"] == REPORTS[2]["aid"]),
    ("id:'" + record_id(REPORTS[30]) + "'", lambda r: r is REPORTS[30]),
    ("cid:'" + UNKNOWN[:32] + "'", lambda r: False),
])
def test_filters(call, filters, predicate):
    assert asked(call("QueryQuarantineFiles", filter=filters)) == ids_of(predicate)


@pytest.mark.parametrize("q, predicate", [
    ("finance", lambda r: "finance" in r["hostname"].lower()),
    ("WS finan", lambda r: "finance" in r["hostname"].lower()),
    ("inance", lambda r: False),
    ("finance 01 anna", lambda r: False),  # a phrase lies in one field
    ("home anna downl", lambda r: "/home/anna/" in r["paths"][0]["path"]),
    ("copy 1", lambda r: any("/tmp/copy-1" in p["path"] for p in r["paths"])),
    ("svc", lambda r: "svc" in r["username"] or "svc" in r["paths"][0]["path"]),
    ("quaran", lambda r: True),
    ("purg", lambda r: False),
    ("2025 03 04", lambda r: r["date_created"].startswith("2025-03-04")),
    ("2025-03-04T1", lambda r: r["date_created"].startswith("2025-03-04T1")),
    (REPORTS[11]["sha256"][:12].upper(), lambda r: r is REPORTS[11]),
    ("username:anna", lambda r: r["username"] == "anna"),
    ("", lambda r: True),
])
def test_phrase_prefix(call, q, predicate):
    assert asked(call("QueryQuarantineFiles", q=q)) == ids_of(predicate)


def test_filter_and_phrase_together(call):
    want = ids_of(lambda r: r["username"] == "Bob" and "finance" in r["hostname"].lower())
    assert want and asked(call("QueryQuarantineFiles", filter="username:'bob'", q="finance")) == want


KEYS = {
    "hostname": lambda r: r["hostname"].lower(), "username": lambda r: r["username"].lower(), "date_created": lambda r: r["date_created"],
    "paths.path": lambda r: [p["path"] for p in r["paths"]], "state": lambda r: "quarantined", "paths.state": lambda r: "quarantined",
}


@pytest.mark.parametrize("direction", ["|asc", "|desc", ".asc", ".desc", "|DESC", ""])
@pytest.mark.parametrize("field", KEYS)
def test_sort(company, field, direction):
    got = ok(company.quarantine.query_quarantine_files(sort=field + direction))["resources"]
    by_id, down = {record_id(r): r for r in REPORTS}, direction.lower().endswith("desc")
    assert set(got) == ALL

    def key(r):
        value = KEYS[field](r)
        if isinstance(value, list):  # of many the least or the greatest counts
            value = max(value) if down else min(value)
        return value

    keys = [key(by_id[i]) for i in got]
    present = [k for k in keys if k]
    assert keys == sorted(present, reverse=down) + [""] * (len(keys) - len(present)), "missing values are last"


def test_sort_by_two_fields(call):
    got = ok(call("QueryQuarantineFiles", sort="hostname|asc,date_created|desc"))["resources"]
    want = sorted(sorted(REPORTS, key=lambda r: r["date_created"], reverse=True), key=lambda r: r["hostname"].lower())
    assert got == [record_id(r) for r in want]


def test_response_handling_loop(call):
    """The loop of the Response Handling page: the reply's offset is the next one."""
    max_rows, total, offset, rounds, all_ids = 7, 1, 0, 0, []
    while offset < total:
        result = ok(call("QueryQuarantineFiles", sort="hostname|asc", limit=max_rows, offset=offset))
        offset, total = (result["meta"]["pagination"][k] for k in ("offset", "total"))
        all_ids.extend(result["resources"])
        rounds += 1
        assert rounds <= 6, "the loop does not end"
    assert rounds == 6 and len(all_ids) == 40 and set(all_ids) == ALL


def test_offset_is_text(call):
    first = ok(call("QueryQuarantineFiles", limit=10))["resources"]
    assert ok(call("QueryQuarantineFiles", limit=5, offset="5"))["resources"] == first[5:]
    body = ok(call("QueryQuarantineFiles", offset="1000"))
    assert body["resources"] == [] and body["meta"]["pagination"]["offset"] == 1000 and body["meta"]["pagination"]["total"] == 40


def test_after(company):
    """A token goes on where the page before ended, further than offsets reach."""
    pages, after = [], None
    for _ in range(10):
        result = ok(company.quarantine.query_quarantine_files(parameters={"limit": 9, "after": after, "sort": "username|asc"}))
        pages.append(result["resources"])
        after = result["meta"]["pagination"].get("after")
        if not after:
            break
    assert [len(p) for p in pages] == [9, 9, 9, 9, 4] and {i for p in pages for i in p} == ALL
    refused(company.quarantine.query_quarantine_files(parameters={"after": "x" * 40}), 400)


def test_parameters_payload(company):
    want = ids_of(lambda r: r["username"] == "anna")
    payload = {"filter": "username:'anna'", "limit": 100, "offset": "", "unknown": "x"}
    assert asked(company.quarantine.query_quarantine_files(parameters=payload)) == want
    assert asked(company.quarantine.QueryQuarantineFiles(parameters=payload)) == want
    assert asked(company.uber.command("QueryQuarantineFiles", parameters=payload)) == want


@pytest.mark.parametrize("keywords, says", [
    ({"filter": "hostname:'a'+"}, "FQL error at 14"),
    ({"filter": "hostname:'open"}, "FQL error at "),
    ({"filter": "nonsense:'a'"}, "nonsense"),
    ({"filter": "string"}, "FQL error at "),
    ({"filter": "max_severity:'abc'"}, "max_severity"),
    ({"filter": "date_created:>'yesterday'"}, "date_created"),
    ({"sort": "nonsense|asc"}, "nonsense"),
    ({"sort": "hostname|sideways"}, "sideways"),
    ({"limit": 5001}, "5000"),
    ({"offset": "string"}, "offset"),
    ({"offset": "-1"}, "offset"),
    ({"offset": "10000"}, "after"),
])
def test_bad_queries(call, keywords, says):
    assert says in refused(call("QueryQuarantineFiles", **keywords), 400)["message"]


def test_unknown_field_names_the_known_ones(call):
    said = refused(call("QueryQuarantineFiles", filter="hostname:'a'+hostnmae:'b'"), 400)["message"]
    assert "14" in said and "hostname" in said and "max_severity" in said


# GetQuarantineFiles

def test_get(call):
    wanted = [REPORTS[3], REPORTS[0], REPORTS[22]]
    body = ok(call("GetQuarantineFiles", ids=[record_id(r) for r in wanted]))
    for got, report in zip(body["resources"], wanted, strict=True):  # in the order that was asked
        assert moment(got.pop("date_updated")).tzinfo is datetime.timezone.utc
        assert got["date_created"].endswith("Z") and moment(got["date_created"]) == moment(report["date_created"])
        assert got == record(report, got["cid"]) | {"date_created": got["date_created"]}


def test_get_by_text_and_list(company):
    """FalconPy splits a text at its commas; a list goes as it is."""
    for ids in (IDS, ",".join(IDS), [*IDS, IDS[0].upper()]):
        for method in (company.quarantine.get_quarantine_files, company.quarantine.GetQuarantineFiles):
            assert [r["id"] for r in ok(method(ids=ids))["resources"]] == IDS
    for ids in (IDS, ",".join(IDS)):
        assert [r["id"] for r in ok(company.quarantine.get_quarantine_files(body={"ids": ids}))["resources"]] == IDS
        assert [r["id"] for r in ok(company.uber.command("GetQuarantineFiles", body={"ids": ids}))["resources"]] == IDS


def test_get_unknown(call):
    nowhere = f"{UNKNOWN[:32]}_{UNKNOWN}"
    body = ok(call("GetQuarantineFiles", ids=[IDS[0], nowhere]))
    assert [r["id"] for r in body["resources"]] == IDS[:1]
    assert [(e["code"], e["id"]) for e in body["errors"]] == [(404, nowhere)] and body["errors"][0]["message"]
    refused(call("GetQuarantineFiles", ids=[nowhere]), 404)
    refused(call("GetQuarantineFiles", body={"ids": []}), 400)
    refused(call("GetQuarantineFiles", body={"ids": [f"{n:032x}_{UNKNOWN}" for n in range(5001)]}), 400)


def test_other_customers_see_nothing(customer):
    """The same ids, asked by another customer."""
    assert asked(customer.quarantine.query_quarantine_files(filter="*")) == set()
    refused(customer.quarantine.get_quarantine_files(ids=IDS), 404)
    refused(customer.quarantine.update_quarantined_detects_by_id(ids=IDS, action="delete"), 404)
    refused(customer.uploads.get_sample(ids=REPORTS[0]["sha256"]), 404)


# GetAggregateFiles

def buckets(result):
    """The buckets of the one result of an answer."""
    (only,) = ok(result)["resources"]
    return only["buckets"]


def counts(result):
    return {b["label"]: b["count"] for b in buckets(result)}


def test_terms(call):
    body = ok(call("GetAggregateFiles", name="hosts", type="terms", field="hostname", size=3, sort="_count|desc"))
    (only,) = body["resources"]
    want = collections.Counter(r["hostname"] for r in REPORTS)
    assert only["name"] == "hosts" and len(only["buckets"]) == min(3, len(want))
    assert [b["count"] for b in only["buckets"]] == sorted(want.values(), reverse=True)[:3]
    assert all(want[b["label"]] == b["count"] for b in only["buckets"])
    assert only["sum_other_doc_count"] == len(REPORTS) - sum(b["count"] for b in only["buckets"])


def test_terms_options(call):
    want = collections.Counter(r["username"] for r in REPORTS if r["username"])
    assert counts(call("GetAggregateFiles", type="terms", field="username")) == want, "records without a value are left out"
    assert counts(call("GetAggregateFiles", type="terms", field="username", missing="nobody"))["nobody"] == len(REPORTS) - sum(want.values())
    for direction in ("asc", "desc"):
        labels = [b["label"] for b in buckets(call("GetAggregateFiles", type="terms", field="device.country", sort=f"_term|{direction}"))]
        assert labels == sorted(["DE", "FR", "US"], reverse=direction == "desc")
    assert set(counts(call("GetAggregateFiles", type="terms", field="username", include="(?i)b.*"))) == {"Bob"}
    assert set(counts(call("GetAggregateFiles", type="terms", field="username", exclude="Bob"))) == set(want) - {"Bob"}
    assert set(counts(call("GetAggregateFiles", type="terms", field="username", min_doc_count=11))) == {u for u, n in want.items() if n >= 11}
    assert set(counts(call("GetAggregateFiles", type="terms", field="username", max_doc_count=9))) == {u for u, n in want.items() if n <= 9}
    some = [r for r in REPORTS if r["hostname"] == "laptop-anna"]
    assert counts(call("GetAggregateFiles", type="terms", field="username", filter="hostname:'laptop-anna'")) == \
        collections.Counter(r["username"] for r in some if r["username"])
    assert counts(call("GetAggregateFiles", type="terms", field="username", q="copy")) == \
        collections.Counter(r["username"] for r in REPORTS if len(r["paths"]) == 2 and r["username"])
    assert sum(counts(call("GetAggregateFiles", type="terms", field="paths.filename", size=100)).values()) == sum(len(r["paths"]) for r in REPORTS)


def test_terms_from(call):
    """`from` is a word of Python, so keywords carry it only through a dictionary."""
    everything = buckets(call("GetAggregateFiles", type="terms", field="hostname", sort="_term|asc"))
    rest = buckets(call("GetAggregateFiles", type="terms", field="hostname", sort="_term|asc", **{"from": 1}))
    assert rest == everything[1:]
    assert buckets(call("GetAggregateFiles", type="terms", field="hostname", sort="_term|asc", **{"from": 0})) == everything


def test_date_histogram(call):
    got = buckets(call("GetAggregateFiles", type="date_histogram", field="date_created", interval="day"))
    want = collections.Counter(r["date_created"][:10] for r in REPORTS)
    assert {b["key_as_string"][:10]: b["count"] for b in got if b["count"]} == want
    for b in got:
        assert type(b["label"]) is int and moment(b["key_as_string"]).timestamp() * 1000 == b["label"]
    assert [b["label"] for b in got] == sorted(b["label"] for b in got)


def test_date_histogram_in_a_time_zone(call):
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    got = buckets(call("GetAggregateFiles", type="date_histogram", field="date_created", interval="day", time_zone="Asia/Kolkata", min_doc_count=1))
    want = collections.Counter(moment(r["date_created"]).astimezone(zone).strftime("%Y-%m-%d") for r in REPORTS)
    assert {moment(b["key_as_string"]).astimezone(zone).strftime("%Y-%m-%d"): b["count"] for b in got} == want
    assert got == buckets(call("GetAggregateFiles", type="date_histogram", field="date_created", interval="day", time_zone="+05:30", min_doc_count=1))


def test_date_range(call):
    spans = [("2025-03-03T00:00:00Z", "2025-03-05T00:00:00Z"), ("2025-03-10", ""), ("", "2025-03-02"), ("now-1h", "now")]
    got = buckets(call("GetAggregateFiles", type="date_range", field="date_created", date_ranges=[
        {k: v for k, v in (("from", low), ("to", high)) if v} for low, high in spans]))
    want = [
        sum("2025-03-03" <= r["date_created"] < "2025-03-05" for r in REPORTS), sum(r["date_created"] >= "2025-03-10" for r in REPORTS),
        sum(r["date_created"] < "2025-03-02" for r in REPORTS), 0,
    ]
    assert [b["count"] for b in got] == want, "in the order of the request"
    assert got[0]["from"] == moment(spans[0][0]).timestamp() * 1000 and got[0]["to"] == moment(spans[0][1]).timestamp() * 1000
    assert moment(got[0]["string_from"]) == moment(spans[0][0]) and moment(got[0]["string_to"]) == moment(spans[0][1])


def test_range(call):
    got = buckets(call("GetAggregateFiles", type="range", field="max_severity", ranges=[{"From": 0, "To": 70}, {"From": 70, "To": 100}]))
    known = [severity(r) for r in REPORTS if severity(r) is not None]
    assert [b["count"] for b in got] == [sum(0 <= s < 70 for s in known), sum(70 <= s < 100 for s in known)]
    assert [(b["from"], b["to"]) for b in got] == [(0, 70), (70, 100)] and all(b["label"] for b in got)


@pytest.mark.parametrize("kind, fold", [("max", max), ("min", min), ("sum", sum), ("avg", lambda x: sum(x) / len(x))])
def test_metrics(call, kind, fold):
    known = [severity(r) for r in REPORTS if severity(r) is not None]
    (only,) = buckets(call("GetAggregateFiles", type=kind, field="max_severity"))
    assert only["value"] == pytest.approx(fold(known)) and only["count"] == len(known)


def test_metrics_of_dates(call):
    (only,) = buckets(call("GetAggregateFiles", type="max", field="first_behavior", name="max_first_behavior"))
    last = max(moment(r["first_behavior"]) for r in REPORTS)
    assert only["value"] == last.timestamp() * 1000 and moment(only["value_as_string"]) == last


def test_cardinality(call):
    (only,) = buckets(call("GetAggregateFiles", type="cardinality", field="sha256"))
    assert only["value"] == len({r["sha256"] for r in REPORTS}) and only["count"] == len(REPORTS)
    (only,) = buckets(call("GetAggregateFiles", type="cardinality", field="username"))
    assert only["value"] == 3


def test_percentiles(call):
    known = sorted(severity(r) for r in REPORTS if severity(r) is not None)
    got = buckets(call("GetAggregateFiles", type="percentiles", field="max_severity"))
    assert [float(b["label"]) for b in got] == [1, 5, 25, 50, 75, 95, 99]
    for b in got:  # between the two neighbours of its place
        place = float(b["label"]) / 100 * (len(known) - 1)
        assert known[max(0, int(place) - 1)] <= b["value"] <= known[min(len(known) - 1, int(place) + 2)]
    some = buckets(call("GetAggregateFiles", type="percentiles", field="max_severity", percents=[10, 90]))
    assert [float(b["label"]) for b in some] == [10, 90]


def test_sub_aggregates(call):
    """Three deep: hosts, their users, and how severe it was."""
    got = buckets(call("GetAggregateFiles", type="terms", field="hostname", sub_aggregates=[
        {"name": "users", "type": "terms", "field": "username", "sub_aggregates": [
            {"name": "days", "type": "date_histogram", "field": "date_created", "interval": "week", "min_doc_count": 1, "sub_aggregates": [
                {"name": "worst", "type": "max", "field": "max_severity"}]}]},
        None,
        {"name": "latest", "type": "max", "field": "first_behavior"},
    ]))
    assert {b["label"] for b in got} == {r["hostname"] for r in REPORTS}
    for host in got:
        users, latest = host["sub_aggregates"]
        of_host = [r for r in REPORTS if r["hostname"] == host["label"]]
        assert (users["name"], latest["name"]) == ("users", "latest")
        assert latest["buckets"][0]["value"] == max(moment(r["first_behavior"]) for r in of_host).timestamp() * 1000
        assert {b["label"]: b["count"] for b in users["buckets"]} == collections.Counter(r["username"] for r in of_host if r["username"])
        for user in users["buckets"]:
            (days,) = user["sub_aggregates"]
            known = [severity(r) for r in of_host if r["username"] == user["label"] and severity(r) is not None]
            worst = [w["sub_aggregates"][0]["buckets"][0].get("value") for w in days["buckets"]]
            assert sum(w["count"] for w in days["buckets"]) == user["count"]
            assert max((w for w in worst if w is not None), default=None) == max(known, default=None)


def test_lists_of_bodies(company):
    """The documented type of a body is a list; one result each, in order."""
    bodies = [{"name": "s", "type": "terms", "field": "state"}, {"name": "n", "type": "cardinality", "field": "aid"}]
    for result in (
            company.quarantine.get_aggregate_files(body=bodies), company.quarantine.GetAggregateFiles(body=bodies),
            company.uber.command("GetAggregateFiles", body=bodies)):
        states, hosts = ok(result)["resources"]
        assert (states["name"], hosts["name"]) == ("s", "n")
        assert [(b["label"], b["count"]) for b in states["buckets"]] == [("quarantined", 40)]
        assert hosts["buckets"][0]["value"] == len({r["aid"] for r in REPORTS})
    one = company.quarantine.get_aggregate_files(body=bodies[0])
    assert [b["count"] for b in buckets(one)] == [40]


def test_bounds_and_filters_by_body(company):
    """FalconPy's keywords lose these two, so only a body carries them."""
    got = buckets(company.quarantine.get_aggregate_files(body={
        "type": "date_histogram", "field": "date_created", "interval": "month",
        "extended_bounds": {"min": "2025-01-01T00:00:00Z", "max": "2025-05-01T00:00:00Z"}}))
    assert [b["key_as_string"][:7] for b in got] == ["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"]
    assert [b["count"] for b in got] == [0, 0, 40, 0, 0]
    (named,) = ok(company.quarantine.get_aggregate_files(body={"name": "parts", "type": "terms", "field": "state", "filters_spec": {
        "filters": {"severe": "max_severity:>=70", "anna": "username:'anna'"}, "other_bucket": True, "other_bucket_key": "rest"}}))["resources"]
    by_label = {b["label"]: b["count"] for b in named["buckets"]}
    severe, anna = ids_of(lambda r: (severity(r) or 0) >= 70), ids_of(lambda r: r["username"] == "anna")
    assert by_label["severe"] == len(severe) and by_label["anna"] == len(anna) and by_label["rest"] == len(ALL - severe - anna)


def test_aggregate_of_unknown_field(call):
    (only,) = ok(call("GetAggregateFiles", name="n", type="terms", field="nonsense"))["resources"]
    assert only["name"] == "n" and only["buckets"] is None


@pytest.mark.parametrize("body", [
    {},
    {"type": "string", "field": "hostname"},
    {"type": "terms"},
    {"type": "terms", "field": "hostname", "filter": "hostname:"},
    {"type": "date_histogram", "field": "date_created"},
    {"type": "date_histogram", "field": "date_created", "interval": "fortnight"},
    {"type": "date_histogram", "field": "date_created", "interval": "day", "time_zone": "../../etc/passwd"},
    {"type": "date_histogram", "field": "date_created", "interval": "minute",
     "extended_bounds": {"min": "1925-01-01T00:00:00Z", "max": "2025-01-01T00:00:00Z"}},
    {"type": "range", "field": "max_severity"},
    {"type": "terms", "field": "hostname", "size": 10001},
    {"type": "terms", "field": "hostname", "sub_aggregates": [{"type": "terms", "field": "state", "sub_aggregates": [
        {"type": "terms", "field": "state", "sub_aggregates": [{"type": "terms", "field": "state", "sub_aggregates": [
            {"type": "terms", "field": "state"}]}]}]}]},
    [{"type": "terms", "field": "hostname"}] * 11,
])
def test_bad_aggregates(company, body):
    refused(company.uber.command("GetAggregateFiles", body=body), 400)


# ActionUpdateCount, UpdateQuarantinedDetectsByIds, UpdateQfByQuery

def test_count_of_nothing_and_everything(call):
    for keywords in ({}, {"filter": ""}, {"filter": "*"}, {"parameters": {"filter": "*"}}):
        (only,) = ok(call("ActionUpdateCount", **keywords))["resources"]
        assert only["name"] == "affected_files_by_action"
        assert {b["label"]: b["count"] for b in only["buckets"]} == {"release": 40, "unrelease": 0, "delete": 40}


def test_count_positional(company):
    want = len(ids_of(lambda r: r["username"] == "anna"))
    assert counts(company.quarantine.action_update_count("username:'anna'"))["release"] == want
    refused(company.quarantine.action_update_count("nonsense:'x'"), 400)
    refused(company.quarantine.action_update_count(filter="string"), 400)


def states(customer, ids):
    return [r["state"] for r in ok(customer.quarantine.get_quarantine_files(ids=ids))["resources"]]


def affected(result):
    body = ok(result)
    assert "resources" not in body, "upstream has none here"
    return body["meta"]["writes"]["resources_affected"]


def test_update_by_ids(change):
    call, customer = change
    before = ok(customer.quarantine.get_quarantine_files(ids=IDS))["resources"]

    def act(action, ids):
        return call("UpdateQuarantinedDetectsByIds", body={"action": action, "comment": f"to {action}", "ids": ids})

    assert affected(act("release", IDS[:2])) == 2
    assert states(customer, IDS) == ["released", "released", "quarantined", "quarantined"]
    assert affected(act("Release", IDS[:3])) == 1, "what is released already is not counted"
    assert affected(act("unrelease", ",".join(IDS))) == 3
    assert states(customer, IDS) == ["quarantined"] * 4
    assert affected(act("delete", IDS[:1])) == 1 and affected(act("delete", IDS[:1])) == 0
    assert affected(act("release", IDS[:1])) == 0, "what is purged stays purged"
    assert states(customer, IDS) == ["purged", "quarantined", "quarantined", "quarantined"]
    after = ok(customer.quarantine.get_quarantine_files(ids=IDS))["resources"]
    assert [p["state"] for p in after[0]["paths"]] == ["purged"] * len(after[0]["paths"])
    assert moment(after[0]["date_updated"]) > moment(before[0]["date_updated"]) and after[0]["date_created"] == before[0]["date_created"]
    assert after[3] == before[3], "untouched"


def test_update_by_ids_with_keywords(change):
    _, customer = change
    for method in (customer.quarantine.update_quarantined_detects_by_id, customer.quarantine.UpdateQuarantinedDetectsByIds):
        assert affected(method(action="release", comment="text", ids=",".join(IDS[:2]))) == 2
        assert affected(method(action="unrelease", ids=IDS)) == 2
        refused(method(action="release", comment="no ids"), 400)
        refused(method(action="string", comment="string", ids=IDS), 400)
        refused(method(ids=IDS), 400)
    # A keyword named action never leaves the Uber class: it takes it for the operation.
    assert customer.uber.command("UpdateQuarantinedDetectsByIds", action="release", ids=IDS)["status_code"] != 200
    assert states(customer, IDS) == ["quarantined"] * 4


def test_update_of_unknown_ids(change):
    call, customer = change
    nowhere = f"{UNKNOWN[:32]}_{UNKNOWN}"
    result = call("UpdateQuarantinedDetectsByIds", body={"action": "release", "ids": [nowhere, IDS[1]]})
    assert result["status_code"] == 200 and result["body"]["meta"]["writes"]["resources_affected"] == 1
    assert [(e["code"], e["id"]) for e in result["body"]["errors"]] == [(404, nowhere)]
    refused(call("UpdateQuarantinedDetectsByIds", body={"action": "release", "ids": [nowhere]}), 404)
    assert states(customer, IDS) == ["quarantined", "released", "quarantined", "quarantined"]


def test_action_in_the_query_string(change):
    """A workflow client sends the action there and the rest in the body."""
    _, customer = change
    result = customer.uber.command("UpdateQuarantinedDetectsByIds", parameters={"action": "release"}, body={"ids": IDS[:1]})
    assert affected(result) == 1 and states(customer, IDS[:1]) == ["released"]


def test_update_by_query(change):
    call, customer = change
    wanted = [r for r in REPORTS[:4] if r["hostname"] == REPORTS[1]["hostname"]]
    assert affected(call("UpdateQfByQuery", action="release", comment="text", filter=f"hostname:'{REPORTS[1]['hostname']}'", q=None)) == len(wanted)
    assert states(customer, IDS) == ["released" if r in wanted else "quarantined" for r in REPORTS[:4]]
    assert affected(call("UpdateQfByQuery", action="unrelease", filter="*")) == len(wanted)
    assert affected(call("UpdateQfByQuery", action="release", q="invoice 2")) == 1
    assert states(customer, IDS) == ["quarantined", "quarantined", "released", "quarantined"]
    both = call("UpdateQfByQuery", body={"action": "delete", "comment": None, "filter": ["state:'released'", "sha256:*'*'"], "q": "invoice"})
    assert affected(both) == 1 and states(customer, IDS)[2] == "purged"


@pytest.mark.parametrize("body", [
    {"action": "delete", "comment": None, "filter": None, "q": None}, {"action": "delete"}, {"action": "delete", "filter": "", "q": ""},
    {"action": "delete", "filter": []}, {"action": None, "comment": None, "filter": "*", "q": None}, {"action": "string", "filter": "*"},
    {"action": "delete", "filter": "nonsense:'x'"}, {"action": "delete", "filter": "hostname:'"}, {"action": "delete", "fliter": "*", "q": "invoice"},
])
def test_update_by_query_never_acts_by_omission(change, body):
    call, customer = change
    refused(call("UpdateQfByQuery", body=body), 400)
    assert states(customer, IDS) == ["quarantined"] * 4


def test_update_by_query_with_nulls(change):
    """What FalconPy's keywords send: all four keys, null where nothing was given."""
    _, customer = change
    for method in (customer.quarantine.update_quarantined_detects_by_query, customer.quarantine.UpdateQfByQuery):
        refused(method(), 400)
        refused(method(action="release"), 400)
        assert affected(method(action="release", filter="*")) == 4 and affected(method(action="unrelease", q="invoice")) == 4


def test_count_is_the_dry_run(change):
    call, customer = change
    for filters in ("*", f"hostname:'{REPORTS[1]['hostname']}'", "state:'released'", "state:'purged'", "max_severity:>20"):
        for action in ("release", "unrelease", "delete"):
            foretold = counts(call("ActionUpdateCount", filter=filters))[action]
            assert affected(call("UpdateQfByQuery", action=action, filter=filters)) == foretold, (filters, action)
            assert counts(call("ActionUpdateCount", filter=filters))[action] == 0
            customer.quarantine.update_quarantined_detects_by_query(action="release", q="invoice 3")


# Files of records

def test_files_of_records(company):
    """The public example: query, get, and the file of each by its hash."""
    with_bytes = asked(company.quarantine.query_quarantine_files(filter="id:['" + "','".join(IDS) + "']"))
    for got in ok(company.quarantine.get_quarantine_files(ids=list(with_bytes)))["resources"]:
        n = IDS.index(got["id"])
        assert got["paths"][0]["filename"] == f"invoice {n}.exe"
        assert company.uploads.get_sample(ids=got["sha256"]) == FILES[n]
        with zipfile.ZipFile(io.BytesIO(company.uploads.get_sample(ids=got["sha256"], password_protected=True))) as archive:
            assert archive.read(got["sha256"], pwd=b"infected") == FILES[n]
    refused(company.uploads.get_sample(ids=REPORTS[20]["sha256"]), 404)


def test_purged_files_are_gone(change):
    call, customer = change
    twin = REPORTS[0] | {"aid": "f" * 32, "hostname": "another-host"}
    customer.report(twin, FILES[0])
    sha = REPORTS[0]["sha256"]
    ok(call("UpdateQuarantinedDetectsByIds", body={"action": "delete", "ids": [IDS[0], IDS[1]]}))
    refused(customer.uploads.get_sample(ids=REPORTS[1]["sha256"]), 404)
    assert customer.uploads.get_sample(ids=sha) == FILES[0], "another record still holds it"
    ok(call("UpdateQuarantinedDetectsByIds", body={"action": "delete", "ids": [record_id(twin)]}))
    refused(customer.uploads.get_sample(ids=sha), 404)


def test_released_files_stay(change):
    call, customer = change
    ok(call("UpdateQfByQuery", action="release", filter="*"))
    assert customer.uploads.get_sample(ids=REPORTS[0]["sha256"]) == FILES[0]


def test_files_of_records_are_no_samples_of_the_corpus(company):
    """MalQuery does not know them unless the customer wants that."""
    body = ok(company.uber.command("PostMalQueryFuzzySearchV1", body={"patterns": [{"type": "ascii", "value": "quarantine-marker-1"}]}))
    assert body["resources"] == []
    refused(company.uploads.delete_sample(ids=REPORTS[0]["sha256"]), 409)


# The host's side

def test_actions_reach_the_host(customer):
    report = REPORTS[0] | {"agent": True}
    customer.report(report, FILES[0])
    updated = customer.quarantine.update_quarantined_detects_by_id(ids=IDS[:1], action="release", comment="false alarm")
    assert affected(updated) == 1

    def path_states():
        return {p["state"] for p in ok(customer.quarantine.get_quarantine_files(ids=IDS[:1]))["resources"][0]["paths"]}

    assert path_states() == {"release_pending"} and states(customer, IDS[:1]) == ["released"]
    (action,) = customer.send("GET", "/agent/v1/actions", params={"aid": report["aid"]})
    assert (action["action"], action["quarantine_id"], action["comment"]) == ("release", IDS[0], "false alarm")
    customer.send("POST", "/agent/v1/actions/ack", json=[{"id": action["id"], "outcome": "acknowledged"}])
    assert path_states() == {"released"}
    assert customer.send("GET", "/agent/v1/actions", params={"aid": report["aid"]}) == []


# Rights, errors as results, pythonic results

def test_scopes(server, company):
    reader = Quarantine(**server.new_client("quarantined-files:read", cid=company.cid))
    writer = Quarantine(**server.new_client("quarantined-files:write", cid=company.cid))
    nobody = Quarantine(**server.new_client("malquery:read", cid=company.cid))
    calls = {
        "read": [lambda f: f.action_update_count(filter="*"), lambda f: f.get_aggregate_files(type="terms", field="state"),
                 lambda f: f.get_quarantine_files(ids=IDS), lambda f: f.query_quarantine_files()],
        "write": [lambda f: f.update_quarantined_detects_by_id(ids=IDS, action="unrelease"),
                  lambda f: f.update_quarantined_detects_by_query(filter="*", action="unrelease")],
    }
    for read in calls["read"]:
        ok(read(reader))
        for other in (writer, nobody):
            assert refused(read(other), 403)["message"] == "access denied, authorization failed"
    for write in calls["write"]:
        assert affected(write(writer)) == 0
        for other in (reader, nobody):
            refused(write(other), 403)
    refused(Quarantine(access_token="nonsense", base_url=server.base_url).query_quarantine_files(), 401)


def test_pythonic_paging(server, company):
    falcon = Quarantine(**company.credentials, pythonic=True)
    total, offset, found = 1, 0, []
    while offset < total:
        page = falcon.query_quarantine_files(limit=11, offset=offset, sort="date_created|asc")
        total, offset = page.total, page.offset
        found.extend(page)  # iterating a result gives its resources
        assert page.limit == 11 and page.status_code == 200 and page.trace_id and page.region == "local"
    assert found == [record_id(r) for r in sorted(REPORTS, key=lambda r: r["date_created"])] and total == 40
    details = falcon.get_quarantine_files(ids=found[:3])
    assert [d["id"] for d in details] == found[:3] and details.prune("hostname")
    assert falcon.get_aggregate_files(type="terms", field="state").data[0]["buckets"][0]["count"] == 40
    updated = falcon.update_quarantined_detects_by_query(action="unrelease", filter="*")
    assert updated.full_return["body"]["meta"]["writes"]["resources_affected"] == 0
    with pytest.raises(APIError) as raised:
        falcon.query_quarantine_files(filter="nonsense:'x'")
    assert raised.value.code == 400 and "nonsense" in raised.value.message


def test_expanded_results(call):
    status, headers, content = call("QueryQuarantineFiles", limit=1, expand_result=True)
    assert status == 200 and headers["X-Cs-Region"] == "local" and len(content["body"]["resources"]) == 1


# What FalconPy's own unit test of this class sends, and what it accepts

def test_calls_of_the_unit_test(customer):
    """No arguments, empty bodies and nulls. Each call must come back as a JSON result
    with a status that the client knows, and none of them may change anything."""
    customer.report(REPORTS[0], FILES[0])
    falcon, known = customer.quarantine, {200, 201, 202, 203, 204, 400, 404, 429}
    results = {
        "count": falcon.action_update_count(filter=""), "aggregates": falcon.get_aggregate_files(body={}),
        "get": falcon.get_quarantine_files(body={}), "query": falcon.query_quarantine_files(limit=10),
        "update": falcon.update_quarantined_detects_by_id(body={}, action="release", comment="text"),
        "update by query": falcon.update_quarantined_detects_by_query(body={}),
    }
    assert {name: r["status_code"] for name, r in results.items() if r["status_code"] not in known} == {}
    assert {name for name, r in results.items() if r["status_code"] == 200} == {"count", "query"}
    for result in results.values():
        assert set(result) == {"status_code", "headers", "body"} and isinstance(result["body"]["errors"], list)
    assert states(customer, IDS[:1]) == ["quarantined"]
