"""Runs the examples of the upstream documentation, unchanged but for credentials,
base URL and placeholder values. MEWS_SEEDS is the folder that holds the pages."""
import ast
import io
import os
import pathlib
import re
import zipfile

import pytest
from falconpy import MalQuery, SampleUploads

from conftest import ALL_SCOPES, BOTH, SAMPLES, TEXT, WIDE, finished, sha256
from examples import binary_examples, operation_examples, paging_example
from records import REPORTS, record_id
from test_hosts import HOSTS, company  # noqa: F401, a fixture

FOLDER = os.environ.get("MEWS_SEEDS", "")
needs_pages = pytest.mark.skipif(not FOLDER, reason="MEWS_SEEDS does not name the folder of documentation pages")


def page(name):
    return pathlib.Path(FOLDER, name).read_text(encoding="utf-8")


EXAMPLES = list(operation_examples(page("malquery.txt"))) if FOLDER else []

RULE = 'rule doc { strings: $a = "compat-marker-text" condition: $a }'


@pytest.fixture(scope="module")
def requests_made(server, stored):
    """A finished search and a finished archive, for the examples that need one,
    and the API client that made them: nobody else may see them."""
    own = server.new_client(*ALL_SCOPES)
    malquery = MalQuery(**own)
    search = malquery.exact_search(patterns=[{"type": "ascii", "value": "compat-marker-text"}])["body"]["meta"]["reqid"]
    archive = malquery.samples_multidownload(samples=[TEXT, WIDE])["body"]["meta"]["reqid"]
    for reqid in (search, archive):
        finished(lambda r: malquery.get_request(ids=r), reqid)
    return {"search": search, "archive": archive, "client": own}


NEED_REQUEST = ("GetMalQueryRequestV1", "GetMalQueryEntitiesSamplesFetchV1")


def fill_in(op, code, made):
    """Puts values where the page has placeholders. Every other character stays."""
    ids = {
        "GetMalQueryDownloadV1": WIDE, "GetMalQueryEntitiesSamplesFetchV1": made["archive"],
    }.get(op, f"{TEXT},{WIDE},{BOTH}")
    listed = ", ".join(f"'{i}'" for i in ids.split(","))
    for old, new in [
        ("'ID1,ID2,ID3'", f"'{ids}'"),
        ("['ID1', 'ID2', 'ID3']", f"[{listed}]"),
        ('ids="string"', f'ids="{made["search"]}"'),
        ("limit=integer", "limit=10"),
        ('"type": "string"', '"type": "ascii"'),
        ('"value": "string"', '"value": "compat-marker-text"'),
        ('filter_types = ["string", "string"]', 'filter_types = ["text", "pe32"]'),
        ('filter_metas = ["string", "string"]', 'filter_metas = ["sha256", "type"]'),
        ('filter_m = ["string", "string"]', 'filter_m = ["sha256", "type"]'),
        ('yara_rule="string"', f"yara_rule={RULE!r}"),
        ('"yara_rule": "string"', f'"yara_rule": {RULE!r}'),
    ]:
        code = code.replace(old, new)
    for key, value in {"min_date": "2001/01/01", "max_date": "2999/12/31", "min_size": "1", "max_size": "8mb"}.items():
        code = re.sub(rf'({key}"?\s*[=:]\s*)"string"', rf'\1"{value}"', code)
    return code.replace("client_secret=CLIENT_SECRET", "client_secret=CLIENT_SECRET, base_url=BASE_URL")


def run(code, own, capsys, **names):
    """Runs an example as an API client; gives what it printed and its variables."""
    names |= {"CLIENT_ID": own["client_id"], "CLIENT_SECRET": own["client_secret"], "BASE_URL": own["base_url"]}
    capsys.readouterr()
    exec(compile(code, "example", "exec"), names)  # the example is a program, so it is run as one
    return capsys.readouterr().out, names


@needs_pages
def test_all_examples_are_taken():
    assert len(EXAMPLES) == 27 and len({(op, style) for op, style, _ in EXAMPLES}) == 27


@needs_pages
@pytest.mark.parametrize("op, style, code", EXAMPLES, ids=[f"{op}-{style}" for op, style, _ in EXAMPLES])
def test_malquery_example(op, style, code, server, stored, requests_made, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = requests_made["client"] if op in NEED_REQUEST else server.new_client(*ALL_SCOPES)
    out, names = run(fill_in(op, code, requests_made), own, capsys)
    left = [word for word in ("ID1", "integer", '"string"') if word in fill_in(op, code, requests_made)]
    assert not left, f"placeholders {left} were not filled in"
    if op == "GetMalQueryDownloadV1":
        assert (tmp_path / "some_file.ext").read_bytes() == SAMPLES["wide.exe"]
        return
    if op == "GetMalQueryEntitiesSamplesFetchV1":
        with zipfile.ZipFile(tmp_path / "some_file.zip") as archive:
            assert {sha256(archive.read(n, pwd=b"infected")) for n in archive.namelist()} == {TEXT, WIDE}
        return
    result = ast.literal_eval(out)
    assert result["status_code"] == 200 and result["body"]["errors"] == [], out
    check(op, result["body"], names["falcon"])


def check(op, body, falcon):
    """What the printed answer must hold."""
    resources = {r["sha256"] for r in body.get("resources", [])}
    if op == "GetMalQueryQuotasV1":
        assert body["meta"]["hunt_limit"] > 0
    elif op == "PostMalQueryFuzzySearchV1":
        assert {TEXT, BOTH} <= resources
    elif op == "GetMalQueryMetadataV1":
        assert resources == {TEXT, WIDE, BOTH}
    elif op == "GetMalQueryRequestV1":
        assert body["meta"]["status"] == "done" and resources == {TEXT, BOTH}
    else:  # a request was made: its result must come
        done = finished(lambda r: ask(falcon, r), body["meta"]["reqid"])
        if op == "PostMalQueryExactSearchV1" or op == "PostMalQueryHuntV1":
            assert TEXT in {r["sha256"] for r in done["resources"]}


def ask(falcon, reqid):
    return falcon.get_request(ids=reqid) if isinstance(falcon, MalQuery) else falcon.command("GetMalQueryRequestV1", ids=reqid)


@needs_pages
def test_binary_example(server, stored, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = binary_examples(page("response-handling.txt"))[0]
    code = re.sub(r'file_sha = "[0-9a-f]{64}"', f'file_sha = "{WIDE}"', code)
    code = code.replace("client_secret=CLIENT_SECRET", "client_secret=CLIENT_SECRET, base_url=BASE_URL")
    run(code, server.new_client("samplestore:read"), capsys)
    with zipfile.ZipFile(tmp_path / "api_response.zip") as archive:
        assert archive.read(WIDE, pwd=b"infected") == SAMPLES["wide.exe"]


@needs_pages
def test_expanded_example(server, stored, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = binary_examples(page("response-handling.txt"))[1]
    own = server.new_client("samplestore:read")
    out, _ = run(code, own, capsys, samples=SampleUploads(**own), file_sha=TEXT, example_file="example.bin")
    assert "Status returned: 200" in out and "X-Cs-Region" in out
    assert (tmp_path / "example.bin").read_bytes() == SAMPLES["text.txt"]


# The loops of the response handling page end only when a reply's offset is the next one.

@needs_pages
def test_paging_example(company, capsys):
    """The example as it stands: it pages through hosts."""
    out, _ = run(paging_example(page("response-handling.txt")), company.credentials, capsys, falcon=company.hosts)
    assert ast.literal_eval(out) == list(HOSTS)


@needs_pages
def test_paging_example_on_records(server, customer, capsys):
    """The same program pages through records."""
    for report in REPORTS[:25]:
        customer.report(report)
    code = paging_example(page("response-handling.txt"))
    code = code.replace("query_devices_by_filter", "query_quarantine_files").replace("max_rows = 100", "max_rows = 10")
    out, _ = run(code, customer.credentials, capsys, falcon=customer.quarantine)
    assert sorted(ast.literal_eval(out)) == sorted(record_id(r) for r in REPORTS[:25])


# What follows needs no pages: the reader itself, on a page of the same form.

PAGE = """MalQuery

GetMalQueryQuotasV1

Usage

Service class example (PEP8 syntax)
from falconpy import MalQuery

falcon = MalQuery(client_id=CLIENT_ID,
                  client_secret=CLIENT_SECRET
                  )

response = falcon.get_quotas()
print(response)
Uber class example
from falconpy import APIHarnessV2

falcon = APIHarnessV2(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
response = falcon.command("GetMalQueryQuotasV1")
print(response)

PostMalQueryHuntV1

Schedule a search

CrowdStrike Falcon
"""


def test_reader(server, stored, capsys):
    taken = list(operation_examples(PAGE))
    assert [(op, style) for op, style, _ in taken] == [
        ("GetMalQueryQuotasV1", "Service class example (PEP8 syntax)"), ("GetMalQueryQuotasV1", "Uber class example")]
    made = {"search": "s", "archive": "a"}
    for op, _, code in taken:
        out, _ = run(fill_in(op, code, made), server.new_client("malquery:read"), capsys)
        result = ast.literal_eval(out)
        assert result["status_code"] == 200 and result["body"]["meta"]["hunt_limit"] > 0


def test_zip_password_is_needed(uploads, stored):
    data = uploads.get_sample(ids=TEXT, password_protected=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive, pytest.raises(RuntimeError):
        archive.read(TEXT)
