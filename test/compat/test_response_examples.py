"""The two deep loops of the upstream page on response handling, unchanged but for
credentials and base URL: over after tokens, and over markers."""
import datetime
import re
import sys
import types

from conftest import Customer
from examples import deep_paging_examples
from operations import AIDS, REPORT, feed
from test_examples import needs_pages, page, run

COUNT = 900  # more than two pages of 400


def with_base_url(code):
    return code.replace("client_secret=CLIENT_SECRET", "client_secret=CLIENT_SECRET, base_url=BASE_URL")


@needs_pages
def test_after_tokens(server, capsys):
    scanned = Customer(server, ("ingest:write", "spotlight-vulnerabilities:read"))
    (one,) = REPORT["Results"]
    found = [one["Vulnerabilities"][0] | {"VulnerabilityID": f"CVE-2024-{1000 + n}"} for n in range(COUNT)]
    scanned.send("POST", f"/ingest/v1/vulnerabilities?aid={AIDS[0]}", json=REPORT | {"Results": [one | {"Vulnerabilities": found}]})
    out, names = run(with_base_url(deep_paging_examples(page("response-handling.txt"))[0]), scanned.credentials, capsys)
    assert out.splitlines()[-1] == f"Total IDs retrieved: {COUNT}"
    assert [int(n) for n in re.findall(r"Retrieved so far: (\d+)", out)] == [400, 800, COUNT]
    assert len(set(names["id_list"])) == COUNT and all(i.startswith(AIDS[0] + "_") for i in names["id_list"])
    assert re.findall(r"Position: (.*)", out)[-1] == "", "the last page has an empty token"


def clock_of(year):
    """The module datetime, but for its clock, which stands in the past."""
    class past(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(year, 1, 1, tzinfo=tz)

    module = types.ModuleType("datetime")
    module.__dict__.update({name: getattr(datetime, name) for name in dir(datetime) if not name.startswith("__")}, datetime=past)
    return module


@needs_pages
def test_markers(server, capsys, monkeypatch):
    """The loop begins at the present and fails on an empty answer: it waits for what
    comes in later. So only its clock is put back, and everything else stays."""
    told = Customer(server, ("ingest:write", "falconx-indicators:read"))
    domains = [f"n{n}.markers.example" for n in range(5000 + 700)]
    feed(told, domains)
    monkeypatch.setitem(sys.modules, "datetime", clock_of(2020))
    out, names = run(with_base_url(deep_paging_examples(page("response-handling.txt"))[1]), told.credentials, capsys)
    assert out.splitlines()[-1] == f"Total indicators retrieved: {len(domains)}"
    assert [(int(n), int(left)) for n, left in re.findall(r"Retrieved: (\d+), Remaining: (\d+)", out)] == [(5000, 5700), (5700, 700), (5700, 0)]
    markers = [i["_marker"] for i in names["indicators_list"]]
    assert {i["indicator"] for i in names["indicators_list"]} == set(domains) and markers == sorted(markers) and len(set(markers)) == len(markers)
