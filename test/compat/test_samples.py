"""The three sample operations, in each way that FalconPy has to call them."""
import io
import zipfile

import pytest
import requests

from conftest import TEXT, UNKNOWN, ok, refused, sha256

PEP8 = {"GetSampleV3": "get_sample", "UploadSampleV3": "upload_sample", "DeleteSampleV3": "delete_sample"}


@pytest.fixture(params=["pep8", "operation id", "uber form", "uber raw"])
def store(request, uploads, uber):
    """(call, upload) in one style; the Uber class has two encodings of uploads."""
    style = request.param
    if style.startswith("uber"):
        call = uber.command
    elif style == "pep8":
        def call(op, **keywords):
            return getattr(uploads, PEP8[op])(**keywords)
    else:
        def call(op, **keywords):
            return getattr(uploads, op)(**keywords)

    def upload(name, data, **more):
        if style == "uber form":
            return call("UploadSampleV3", files=[("sample", (name, data))], data={"file_name": name, **more})
        if style == "uber raw":
            return call("UploadSampleV3", parameters={"file_name": name, **more}, data=data, content_type="application/octet-stream")
        return call("UploadSampleV3", file_name=name, file_data=data, **more)

    return call, upload


def test_round_trip(request, store):
    call, upload = store
    name = "round trip.exe"
    data = b"MZ round trip " + request.node.name.encode() + bytes(range(256)) * 500
    sha = sha256(data)
    for _ in range(2):  # the same bytes again give the same answer
        assert ok(upload(name, data, comment="a comment", is_confidential=False))["resources"] == [{"sha256": sha, "file_name": name}]
    assert call("GetSampleV3", ids=sha) == data
    with zipfile.ZipFile(io.BytesIO(call("GetSampleV3", ids=sha, password_protected=True))) as archive:
        assert archive.namelist() == [sha] and archive.read(sha, pwd=b"infected") == data
    status, headers, content = call("GetSampleV3", ids=sha, expand_result=True)
    assert (status, content) == (200, data) and headers["Content-Type"] == "application/octet-stream"
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Content-Disposition"].startswith("attachment")
    assert ok(call("DeleteSampleV3", ids=sha))["resources"] == [sha]
    refused(call("GetSampleV3", ids=sha), 404)
    refused(call("DeleteSampleV3", ids=sha), 404)
    assert ok(upload(name, data))["resources"][0]["sha256"] == sha, "uploading again brings it back"
    assert call("GetSampleV3", ids=sha) == data
    ok(call("DeleteSampleV3", ids=sha))


def test_refusals(store):
    call, _ = store
    refused(call("GetSampleV3", ids=UNKNOWN), 404)
    refused(call("GetSampleV3", ids="12345678"), 400)
    refused(call("DeleteSampleV3", ids=UNKNOWN), 404)
    refused(call("DeleteSampleV3", ids="12345678"), 400)


@pytest.mark.parametrize("name", [
    "../../etc/passwd", "C:\\x.exe", "=cmd|'/c calc'!A1", "gpj\u202e.exe", "emoji \U0001f600", "<img src=x onerror=alert(1)>", "x" * 1000,
])
def test_names_are_kept_as_evidence(uber, server, name):
    data = b"a sample named " + name.encode()
    result = uber.command("UploadSampleV3", parameters={"file_name": name}, data=data, content_type="application/octet-stream")
    assert ok(result)["resources"] == [{"sha256": sha256(data), "file_name": name}]
    headers = uber.command("GetSampleV3", ids=sha256(data), expand_result=True)[1]
    assert sha256(data) in headers["Content-Disposition"], "no name that others chose stands in a header"


def test_empty_file(server, uber):
    # FalconPy's Service class refuses it locally and its Uber class sends "{}" instead.
    uber.login()
    reply = requests.post(server.base_url + "/samples/entities/samples/v3?file_name=empty.bin", data=b"", timeout=10, headers={
        "Authorization": f"Bearer {uber.token_value}", "Content-Type": "application/octet-stream"})
    assert reply.status_code == 400 and "empty" in reply.json()["errors"][0]["message"]


def test_no_name_or_no_file(server, uber):
    refused(uber.command("UploadSampleV3", data=b"content", content_type="application/octet-stream"), 400)
    uber.login()
    reply = requests.post(server.base_url + "/samples/entities/samples/v3", headers={"Authorization": f"Bearer {uber.token_value}"},
                          files={"file_name": (None, "x.bin")}, timeout=10)
    assert reply.status_code == 400 and reply.json()["errors"][0]["message"]


def test_hash_is_checked(uber):
    result = uber.command("UploadSampleV3", parameters={"file_name": "x", "sha256": UNKNOWN}, data=b"other bytes",
                          content_type="application/octet-stream")
    assert "sha256 mismatch" in refused(result, 400)["message"]
    refused(uber.command("GetSampleV3", ids=sha256(b"other bytes")), 404)


def test_upload_is_found_at_once(uber, malquery):
    data = b"found before it is indexed: compat-marker-tail"
    uber.command("UploadSampleV3", parameters={"file_name": "tail.txt"}, data=data, content_type="application/octet-stream")
    body = ok(malquery.fuzzy_search(patterns=[{"type": "ascii", "value": "compat-marker-tail"}]))
    assert sha256(data) in {r["sha256"] for r in body["resources"]}


def test_stream_gives_the_raw_response(uploads, stored):
    with uploads.get_sample(ids=TEXT, stream=True) as response:
        assert response.status_code == 200 and sha256(b"".join(response.iter_content(7))) == TEXT
