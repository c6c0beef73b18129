"""Runs the examples of the upstream quarantine page, unchanged but for credentials,
base URL and placeholder values, and for three that are no Python as printed."""
import ast
import collections
import re

import pytest

from conftest import ok
from examples import operation_examples
from records import FILES, REPORTS, record, record_id
from test_examples import FOLDER, needs_pages, page, run

EXAMPLES = list(operation_examples(page("quarantine.txt"))) if FOLDER else []
IDS = [record_id(r) for r in REPORTS[:3]]
HOST = REPORTS[0]["hostname"]

# What is no Python in the examples of GetAggregateFiles, and the least that makes it so.
REPAIRS = [
    # A word of the language cannot name a keyword argument; a dictionary can carry it.
    (re.compile(r"(?<!\")\bfrom=integer"), '**{"from": integer}'),
    # A comma is missing after the list.
    (re.compile(r'(\[\s*null\s*\])(\s*"time_zone")'), r"\1,\2"),
]
# The word for None is JSON's there.
NAMES = {"null": None}

# What the one example is asked for: each key of the request that means something to a type of aggregation.
AGGREGATES = {
    "terms": {"field": "hostname", "name": "hosts", "filter": "max_severity:>0", "q": "invoice", "include": "(ws|srv)-.*", "exclude": "srv-web-01",
              "missing": "unknown", "sort": "_count|desc"},
    "date_histogram": {"field": "date_created", "name": "days", "interval": "day", "time_zone": "UTC"},
    "date_range": {"field": "date_created", "name": "spans", "time_zone": "UTC"},
    "range": {"field": "max_severity", "name": "severities"},
}
NUMBERS = {"from": 0, "size": 10, "max_doc_count": 1000, "min_doc_count": 1, "limit": 2}
TEXTS = {
    "ActionUpdateCount": {"filter": f"hostname:'{HOST}'"},
    "UpdateQuarantinedDetectsByIds": {"action": "release", "comment": "as the page has it"},
    "QueryQuarantineFiles": {"offset": "1", "sort": "date_created|asc", "filter": f"hostname:'{HOST}'", "q": "invoice"},
    "UpdateQfByQuery": {"action": "delete", "comment": "as the page has it", "filter": f"hostname:'{HOST}'", "q": "invoice"},
}


def repaired(code):
    for pattern, replacement in REPAIRS:
        code = pattern.sub(replacement, code)
    return code


def fill_in(code, texts):
    """Puts values where the page has placeholders; texts that are not needed become empty."""
    code = code.replace("'ID1,ID2,ID3'", repr(",".join(IDS))).replace("['ID1', 'ID2', 'ID3']", repr(IDS))
    code = re.sub(r'(\w+)("?\s*[=:]\s*)"string"', lambda m: f"{m[1]}{m[2]}{texts.get(m[1], '')!r}", code)
    code = re.sub(r'(\w+)("?\s*[=:]\s*)integer', lambda m: f"{m[1]}{m[2]}{NUMBERS[m[1]]}", code)
    return code.replace("client_secret=CLIENT_SECRET", "client_secret=CLIENT_SECRET, base_url=BASE_URL")


def cases():
    for op, style, code in EXAMPLES:
        for kind, texts in (AGGREGATES if op == "GetAggregateFiles" else {"": TEXTS.get(op, {})}).items():
            yield pytest.param(op, code, texts | ({"type": kind} if kind else {}), id=f"{op}-{style}-{kind}")


@needs_pages
def test_all_examples_are_taken():
    assert len(EXAMPLES) == 18 and len({(op, style) for op, style, _ in EXAMPLES}) == 18


def is_python(code):
    try:
        compile(code, "example", "exec")
    except SyntaxError:
        return False
    return True


@needs_pages
def test_only_these_need_repair():
    broken = collections.Counter(op for op, _, code in EXAMPLES if not is_python(code))
    assert broken == {"GetAggregateFiles": 3}
    assert all(is_python(repaired(code)) and (is_python(code) == (repaired(code) == code)) for _, _, code in EXAMPLES)


@pytest.fixture
def filled(customer):
    """Three records with bytes and twenty without."""
    for n, report in enumerate(REPORTS[:23]):
        customer.report(report, FILES[n] if n < 3 else None)
    return customer


@needs_pages
@pytest.mark.parametrize("op, code, texts", list(cases()))
def test_example(op, code, texts, filled, capsys):
    code = fill_in(repaired(code), texts)
    assert not re.search(r'\binteger\b|"string"|ID1', code), "a placeholder was not filled in"
    out, _ = run(code, filled.credentials, capsys, **NAMES)
    result = ast.literal_eval(out)
    assert result["status_code"] == 200 and result["body"]["errors"] == [], out
    CHECKS[op](result["body"], filled, texts)


REPORTED = REPORTS[:23]
OF_HOST = [r for r in REPORTED if r["hostname"] == HOST]


def check_count(body, *_):
    (only,) = body["resources"]
    assert {b["label"]: b["count"] for b in only["buckets"]} == {"release": len(OF_HOST), "unrelease": 0, "delete": len(OF_HOST)}


def check_aggregates(body, _, texts):
    (only,) = body["resources"]
    assert only["name"] == texts["name"]
    known = [r["max_severity"] for r in REPORTED if "max_severity" in r]
    got = [(b.get("label"), b["count"]) for b in only["buckets"]]
    if texts["type"] == "terms":
        want = collections.Counter(r["hostname"] for r in REPORTED if r.get("max_severity", 0) > 0 and r["hostname"].lower().startswith("ws-"))
        assert got == want.most_common()
    elif texts["type"] == "date_histogram":
        want = collections.Counter(r["date_created"][:10] for r in REPORTED)
        assert [(b["key_as_string"][:10], b["count"]) for b in only["buckets"]] == sorted(want.items())
    elif texts["type"] == "range":
        # The page's range is 1 to 100, and 100 is not in it.
        assert [n for _, n in got] == [sum(1 <= s < 100 for s in known)] and (only["buckets"][0]["from"], only["buckets"][0]["to"]) == (1, 100)
    else:
        # The page's dates lie in 2021; min_doc_count drops what is empty.
        assert got == []


def check_get(body, customer, _):
    for got, report in zip(body["resources"], REPORTS[:3], strict=True):
        assert got == record(report, customer.cid) | {"date_updated": got["date_updated"]}


def check_query(body, *_):
    want = sorted(OF_HOST, key=lambda r: r["date_created"])
    assert body["resources"] == [record_id(r) for r in want[1:3]] and body["meta"]["pagination"]["offset"] == 3
    assert body["meta"]["pagination"]["total"] == len(OF_HOST)


def check_update(body, customer, _):
    assert body["meta"]["writes"]["resources_affected"] == 3 and "resources" not in body
    states = {r["id"]: r["state"] for r in ok(customer.quarantine.get_quarantine_files(ids=[record_id(r) for r in REPORTED]))["resources"]}
    assert states == {record_id(r): "released" if record_id(r) in IDS else "quarantined" for r in REPORTED}


def check_update_by_query(body, customer, _):
    assert body["meta"]["writes"]["resources_affected"] == len(OF_HOST) and "resources" not in body
    states = {r["id"]: r["state"] for r in ok(customer.quarantine.get_quarantine_files(ids=[record_id(r) for r in REPORTED]))["resources"]}
    assert states == {record_id(r): "purged" if r in OF_HOST else "quarantined" for r in REPORTED}


CHECKS = {
    "ActionUpdateCount": check_count, "GetAggregateFiles": check_aggregates, "GetQuarantineFiles": check_get,
    "UpdateQuarantinedDetectsByIds": check_update, "QueryQuarantineFiles": check_query, "UpdateQfByQuery": check_update_by_query,
}
