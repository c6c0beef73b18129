"""Runs the examples of the upstream page of legacy IOCs for the operations that tell
who saw what, unchanged but for credentials, base URL and placeholder values."""
import ast

import pytest

from examples import older_examples
from test_examples import FOLDER, needs_pages, page, run
from test_iocs_examples import OPERATIONS, fill_in
from test_sightings import HOSTS, PROCESSES, TOOL, company  # noqa: F401, a fixture

EXAMPLES = [e for e in older_examples(page("iocs-legacy.txt")) if e[0] not in OPERATIONS] if FOLDER else []
WORDS = {"type": "sha256", "value": TOOL, "limit": "5", "offset": "2", "device_id": HOSTS[3]}
IDS = [f"pid:{HOSTS[n]}:7" for n in (0, 1, 2)]


@needs_pages
def test_all_examples_are_taken():
    names = {"DevicesCount", "DevicesRanOn", "ProcessesRanOn"}
    assert {(op, style) for op, style, _ in EXAMPLES} == {(op, style) for op in names for style in ("Service", "Uber")} | {
        ("entities_processes", "Service"), ("entities.processes", "Uber")}


@needs_pages
@pytest.mark.parametrize("op, style, code", [pytest.param(*e, id=f"{e[0]}-{e[1]}") for e in EXAMPLES])
def test_example(op, style, code, company, capsys):
    code = fill_in(op, code, WORDS).replace("'ID1,ID2,ID3'", repr(",".join(IDS)))
    assert "'string'" not in code and "ID1" not in code, "a placeholder was not filled in"
    own = company.credentials
    out, _ = run(code, own, capsys, falcon_client_id=own["client_id"], falcon_client_secret=own["client_secret"])
    result = ast.literal_eval(out.splitlines()[0])
    assert result["status_code"] == 200 and result["body"]["errors"] == [], result
    resources = result["body"]["resources"]
    if op == "DevicesCount":
        assert [r["device_count"] for r in resources] == [12]
    elif op == "DevicesRanOn":
        assert len(resources) == 5 and set(resources) <= set(HOSTS) and result["body"]["meta"]["pagination"]["offset"] == 7
    elif op == "ProcessesRanOn":
        assert len(resources) == 5 and set(resources) < {f"pid:{HOSTS[3]}:{p}" for p in PROCESSES[3]}
    else:
        assert sorted(r["device_id"] for r in resources) == sorted(HOSTS[n] for n in (0, 1, 2))
