"""Runs the examples of the upstream page of legacy IOCs for the operations that
keep IOCs, unchanged but for credentials, base URL and placeholder values. Current
FalconPy answers those of the service class itself; the Uber class sends them."""
import ast
import re

import pytest

from examples import older_examples
from test_examples import FOLDER, needs_pages, page, run
from test_indicators import Desk

OPERATIONS = {"GetIOC", "CreateIOC", "DeleteIOC", "UpdateIOC", "QueryIOCs"}
EXAMPLES = [e for e in older_examples(page("iocs-legacy.txt")) if e[0] in OPERATIONS] if FOLDER else []
BODIES = {"CreateIOC": {"type": "domain", "value": "new.example", "policy": "detect"}, "UpdateIOC": {"policy": "none", "description": "as the page has it"}}
WORDS = {
    "type": "domain", "value": "there.example", "types": "domain", "values": "there.example", "from.expiration_timestamp": "2000-01-01T00:00:00Z",
    "to.expiration_timestamp": "2999-01-01T00:00:00Z", "policies": "detect", "sources": "a page", "share_levels": "red", "deleted_by": "",
    "include_deleted": "false",
}


def fill_in(op, code, words):
    code = re.sub(r"'([\w.]+)': 'string'", lambda m: f"{m[1]!r}: {words[m[1]]!r}", code)
    code = re.sub(r"BODY = \{.*?\}", f"BODY = {BODIES.get(op)!r}", code, flags=re.S)
    return re.sub(r"(creds=\{.*?\})", r"\1, base_url=BASE_URL", code, flags=re.S)


@needs_pages
def test_all_examples_are_taken():
    assert {(op, style) for op, style, _ in EXAMPLES} == {(op, style) for op in OPERATIONS for style in ("Service", "Uber")}


@needs_pages
@pytest.mark.parametrize("op, style, code", [pytest.param(*e, id=f"{e[0]}-{e[1]}") for e in EXAMPLES])
def test_example(op, style, code, server, capsys):
    desk = Desk(server, "uber")
    there = {"type": "domain", "value": "there.example", "policy": "detect", "source": "a page", "expiration_days": 30}
    assert desk("CreateIOC", body=there)["status_code"] == 200
    code = fill_in(op, code, WORDS | {"created_by": desk.credentials["client_id"]})
    assert "'string'" not in code and "See body" not in code, "a placeholder was not filled in"
    out, _ = run(code, desk.credentials, capsys, falcon_client_id=desk.credentials["client_id"], falcon_client_secret=desk.credentials["client_secret"])
    result = ast.literal_eval(out.splitlines()[0])
    if style == "Service":
        assert result["status_code"] == 500 and "deprecated" in result["body"]["errors"][0]["message"]
        return
    assert result["status_code"] == 200 and result["body"]["errors"] == [], result
    (only,) = result["body"]["resources"]
    assert {
        "GetIOC": lambda: only["value"] == "there.example", "CreateIOC": lambda: only["value"] == "new.example" and only["policy"] == "detect",
        "UpdateIOC": lambda: only["policy"] == "none" and only["source"] == "a page", "DeleteIOC": lambda: only == "domain:there.example",
        "QueryIOCs": lambda: only == "domain:there.example",
    }[op]()
