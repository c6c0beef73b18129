"""All nine MalQuery operations, in each way that FalconPy has to call them."""
import datetime
import io
import zipfile

import pytest
from falconpy import MalQuery

from conftest import BOTH, HASHES, SAMPLES, TEXT, UNKNOWN, WIDE, finished, ok, refused, sha256

PEP8 = {
    "GetMalQueryQuotasV1": "get_quotas",
    "PostMalQueryFuzzySearchV1": "fuzzy_search",
    "GetMalQueryDownloadV1": "get_download",
    "GetMalQueryMetadataV1": "get_metadata",
    "GetMalQueryRequestV1": "get_request",
    "GetMalQueryEntitiesSamplesFetchV1": "get_samples",
    "PostMalQueryEntitiesSamplesMultidownloadV1": "samples_multidownload",
    "PostMalQueryExactSearchV1": "exact_search",
    "PostMalQueryHuntV1": "hunt",
}
OPTIONS = ("filter_filetypes", "filter_meta", "limit", "min_date", "max_date", "min_size", "max_size")


@pytest.fixture(params=["pep8", "operation id", "uber"])
def call(request, malquery, uber):
    """Calls an operation by its id with keywords, in one of the three styles."""
    def service(name):
        return lambda op, **keywords: getattr(malquery, name(op))(**keywords)

    def harness(op, **keywords):
        if not op.startswith("Post") or "body" in keywords:
            return uber.command(op, **keywords)
        options = {k: keywords.pop(k) for k in OPTIONS if k in keywords}  # the Uber class takes bodies as they are
        return uber.command(op, body={**keywords, **({"options": options} if options else {})})

    return {"pep8": service(PEP8.get), "operation id": service(str), "uber": harness}[request.param]


@pytest.fixture
def status(call):
    return lambda reqid: call("GetMalQueryRequestV1", ids=reqid)


def ascii_pattern(text="compat-marker-text"):
    return [{"type": "ascii", "value": text}]


def found(body):
    return {r["sha256"] for r in body["resources"]}


def test_quotas(call):
    body = ok_quotas(call("GetMalQueryQuotasV1"))
    for name in ("hunt_count", "hunt_limit", "download_count", "download_limit", "monitor_count", "monitor_limit", "days_left"):
        assert type(body["meta"][name]) is int
    assert datetime.datetime.fromisoformat(body["meta"]["refresh_time"].replace("Z", "+00:00")).day == 1
    assert isinstance(body["meta"]["hunt_counts"], list) and isinstance(body["meta"]["download_counts"], list)


def ok_quotas(result):
    assert result["status_code"] == 200 and result["body"]["errors"] == [], result
    assert "resources" not in result["body"], "upstream has none here"
    return result["body"]


def test_fuzzy_search(call):
    body = ok(call("PostMalQueryFuzzySearchV1", patterns=ascii_pattern(), filter_meta=["sha256", "type", "size"], limit=50))
    assert {TEXT, BOTH} <= found(body) and body["meta"]["status"] == "done"
    for r in body["resources"]:
        assert set(r) == {"sha256", "filetype", "filesize"}
    assert body["meta"]["stats"]["total_count"] >= 2


@pytest.mark.parametrize("patterns, want", [
    (ascii_pattern(), {TEXT, BOTH}),
    ([{"type": "WIDE", "value": "compat-marker-wide"}], {WIDE}),
    ([{"type": "hex", "value": "de ad BE EF cafebabe"}], {BOTH}),
    (ascii_pattern() + [{"type": "hex", "value": "deadbeef"}], {BOTH}),
    (ascii_pattern("in no file at all"), set()),
])
def test_exact_search(call, status, patterns, want):
    created = ok(call("PostMalQueryExactSearchV1", patterns=patterns, limit=100))
    assert created["resources"] == [] and created["meta"]["status"] in ("inprogress", "done")
    body = finished(status, created["meta"]["reqid"])
    assert found(body) == want
    meta = body["meta"]
    assert meta["reqtype"] == "search" and len(meta["patterns"]) == len(patterns) and "all of them" in meta["yara_rule"]
    assert meta["stats"]["total_count"] == len(want)
    for r in body["resources"]:
        assert r["samples"] == [] and r["label"] == "unknown"


@pytest.mark.parametrize("options, want", [
    ({"max_size": "40"}, {BOTH}),
    ({"min_size": "41", "max_size": "1.3 KB"}, {TEXT}),
    ({"min_size": 41, "max_size": "8mb"}, {TEXT}),
    ({"min_date": "2999/01/01"}, set()),
    ({"max_date": "2001/01/01"}, set()),
    ({"min_date": "2001/01/01", "max_date": "2999-12-31"}, {TEXT, BOTH}),
    ({"filter_filetypes": ["PE32", "pe64"]}, set()),
    ({"limit": 1}, 1),
])
def test_exact_search_options(call, status, options, want):
    created = ok(call("PostMalQueryExactSearchV1", patterns=ascii_pattern(), **options))
    body = finished(status, created["meta"]["reqid"])
    if isinstance(want, int):
        assert len(found(body)) == want == body["meta"]["stats"]["total_count"]
    else:
        assert found(body) == want
    assert body["meta"]["options"]


def test_projection_keeps_samples_key(call, status):
    created = ok(call("PostMalQueryExactSearchV1", patterns=ascii_pattern(), filter_meta=["sha256", "type", "size"]))
    for r in finished(status, created["meta"]["reqid"])["resources"]:
        assert set(r) == {"sha256", "filetype", "filesize", "samples"}


RULE = 'rule compat { strings: $a = "compat-marker-wide" wide $b = "compat-marker-text" condition: any of them }'


def test_hunt(call, status):
    created = ok(call("PostMalQueryHuntV1", yara_rule=RULE, limit=100, max_size="1MB"))
    body = finished(status, created["meta"]["reqid"])
    assert found(body) == {TEXT, WIDE, BOTH}
    assert body["meta"]["reqtype"] == "hunt" and body["meta"]["yara_rule"] == RULE
    assert body["meta"]["stats"]["total_count"] == 3


def test_hunt_refusals(call):
    assert "1" in refused(call("PostMalQueryHuntV1", yara_rule="Some Yara rule"), 400)["message"]
    refused(call("PostMalQueryHuntV1", yara_rule="rule all { condition: true }"), 400)
    refused(call("PostMalQueryHuntV1", body={}), 400)


def test_metadata(call):
    result = call("GetMalQueryMetadataV1", ids=[TEXT, UNKNOWN, WIDE])
    assert result["status_code"] == 200
    body = result["body"]
    assert found(body) == {TEXT, WIDE} and body["meta"]["status"] == "done"
    assert [(e["code"], e["id"]) for e in body["errors"]] == [(404, UNKNOWN)]
    for r in body["resources"]:
        assert {"sha256", "sha1", "md5", "filesize", "first_seen", "label"} <= set(r) and "samples" not in r
        # A type that has no documented name is left out.
        assert r.get("filetype") == ("TEXT" if r["sha256"] == TEXT else None)
    assert found(ok(call("GetMalQueryMetadataV1", ids=f"{TEXT},{BOTH}"))) == {TEXT, BOTH}
    nothing = call("GetMalQueryMetadataV1", ids=UNKNOWN)
    assert nothing["status_code"] == 200 and nothing["body"]["resources"] == [] and nothing["body"]["errors"][0]["code"] == 404
    refused(call("GetMalQueryMetadataV1", ids="12345678"), 400)


def test_download(call):
    assert call("GetMalQueryDownloadV1", ids=WIDE) == SAMPLES["wide.exe"]
    # A text file is no text answer: FalconPy would parse it as JSON.
    assert call("GetMalQueryDownloadV1", ids=TEXT) == SAMPLES["text.txt"]
    refused(call("GetMalQueryDownloadV1", ids="12345678"), 400)
    refused(call("GetMalQueryDownloadV1", ids=UNKNOWN), 404)
    refused(call("GetMalQueryDownloadV1", ids=[TEXT, WIDE]), 400)


def test_archive(call, status):
    created = ok(call("PostMalQueryEntitiesSamplesMultidownloadV1", samples=[TEXT, BOTH]))
    reqid = created["meta"]["reqid"]
    finished(status, reqid)
    data = call("GetMalQueryEntitiesSamplesFetchV1", ids=reqid)
    assert isinstance(data, bytes)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert set(archive.namelist()) == {TEXT, BOTH}
        for name in archive.namelist():
            assert sha256(archive.read(name, pwd=b"infected")) == name
        with pytest.raises(RuntimeError):
            archive.read(TEXT, pwd=b"wrong")


def test_archive_refusals(call):
    refused(call("PostMalQueryEntitiesSamplesMultidownloadV1", body={"ids": "12345678"}), 400)
    refused(call("PostMalQueryEntitiesSamplesMultidownloadV1", samples=[UNKNOWN]), 404)
    first = refused(call("GetMalQueryEntitiesSamplesFetchV1", ids="aaaaaaaa-0000-4000-8000-000000000000"), 404)
    assert "Could not find sample archive" in first["message"]
    result = call("GetMalQueryEntitiesSamplesFetchV1", ids="12345678")
    assert isinstance(result, dict) and result["status_code"] in (400, 404)


def test_partly_unknown_archive(call, status):
    result = call("PostMalQueryEntitiesSamplesMultidownloadV1", samples=f"{TEXT},{UNKNOWN}")
    assert result["status_code"] == 200
    assert [(e["code"], e["id"]) for e in result["body"]["errors"]] == [(404, UNKNOWN)]
    finished(status, result["body"]["meta"]["reqid"])


def test_request_refusals(call):
    refused(call("GetMalQueryRequestV1", ids="nonsense"), 400)
    refused(call("GetMalQueryRequestV1", ids="aaaaaaaa-0000-4000-8000-000000000000"), 400)


@pytest.mark.parametrize("body", [
    {},
    {"patterns": []},
    {"patterns": None},
    {"patterns": [{"type": "string", "value": "string"}]},
    {"patterns": [{"type": "file", "value": "string"}]},
    {"patterns": [{"type": "ascii", "value": "abc"}]},
    {"patterns": [{"type": "hex", "value": "abcde"}]},
    {"patterns": [{"type": "wide", "value": "abc"}]},
    {"patterns": [{"type": "ascii"}]},
    {"patterns": "text"},
    {"patterns": ascii_pattern(), "options": {"filter_meta": ["nonsense"]}},
    {"patterns": ascii_pattern(), "options": {"min_date": "UTC_Date_Here"}},
    {"patterns": ascii_pattern(), "options": {"max_date": "2024-02-31"}},
    {"patterns": ascii_pattern(), "options": {"min_size": "10ZB"}},
    {"patterns": ascii_pattern(), "options": {"min_size": "2", "max_size": "1"}},
    {"patterns": ascii_pattern(), "options": {"filter_filetypes": ["nonsense"]}},
    {"patterns": ascii_pattern(), "options": {"limit": -1}},
])
def test_bad_searches(call, body):
    refused(call("PostMalQueryExactSearchV1", body=body), 400)


def test_body_payload_wins(call, status):
    body = {
        "options": {"filter_meta": None, "limit": 0, "min_size": "1", "max_date": None},
        "patterns": [{"type": "ascii", "value": "compat-marker-text"}],
    }
    created = ok(call("PostMalQueryExactSearchV1", body=body))
    assert found(finished(status, created["meta"]["reqid"])) == {TEXT, BOTH}
    created = ok(call("PostMalQueryHuntV1", body={"options": {"limit": 0}, "yara_rule": RULE}))
    assert found(finished(status, created["meta"]["reqid"])) == {TEXT, WIDE, BOTH}
    assert {TEXT, BOTH} <= found(ok(call("PostMalQueryFuzzySearchV1", body=body | {"options": {"limit": 0}})))


def test_expand_result(call):
    status, headers, content = call("GetMalQueryDownloadV1", ids=TEXT, expand_result=True)
    assert status == 200 and content == SAMPLES["text.txt"]
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == f'attachment; filename="{TEXT}"' or headers["Content-Disposition"] == f"attachment; filename={TEXT}"
    assert headers["X-Cs-Region"] == "local" and headers["X-Cs-Traceid"]
    status, headers, content = call("GetMalQueryDownloadV1", ids=UNKNOWN, expand_result=True)
    assert status == 404 and content["body"]["errors"][0]["code"] == 404


def test_positional_ids(malquery):
    # A positional comma string travels as one value.
    assert found(ok(malquery.get_metadata(f"{TEXT},{WIDE}"))) == {TEXT, WIDE}
    assert malquery.get_download(TEXT) == SAMPLES["text.txt"]
    assert found(ok(malquery.get_metadata(parameters={"ids": [TEXT, WIDE], "unknown": "x"}))) == {TEXT, WIDE}


def test_hunts_and_downloads_are_counted(malquery):
    def counts():
        meta = malquery.get_quotas()["body"]["meta"]
        return meta["hunt_count"], meta["download_count"]
    hunts, downloads = counts()
    ok(malquery.fuzzy_search(patterns=ascii_pattern()))
    assert counts() == (hunts, downloads), "fuzzy searches are free"
    ok(malquery.exact_search(patterns=ascii_pattern()))
    ok(malquery.hunt(yara_rule=RULE))
    malquery.get_download(ids=TEXT)
    assert counts() == (hunts + 2, downloads + 1)
    ok(malquery.samples_multidownload(samples=list(HASHES.values())))
    assert counts() == (hunts + 2, downloads + 1 + len(HASHES))


def test_pythonic_results(server, stored):
    falcon = MalQuery(**server.new_client("malquery:read", "malquery:write"), pythonic=True)
    result = falcon.fuzzy_search(patterns=ascii_pattern())
    assert result.status_code == 200 and {TEXT, BOTH} <= {r["sha256"] for r in result.data}
    assert result.region == "local" and int(result.ratelimit_remaining) > 10 and result.trace_id
