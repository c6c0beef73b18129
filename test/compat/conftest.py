"""A real server over TLS for the real FalconPy, and the samples it searches."""
import hashlib
import itertools
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest
import requests
from falconpy import APIHarnessV2, MalQuery, Quarantine, SampleUploads

HERE = pathlib.Path(__file__).resolve().parent
BINARY = os.environ.get("MEWS_BIN", str(HERE.parent.parent / "bin" / "mews"))

# Benign samples with markers that no other file of this server has.
SAMPLES = {
    "text.txt": b"plain text with the compat-marker-text inside\n",
    "wide.exe": b"MZ\x90\x00 not really a program " + "compat-marker-wide".encode("utf-16-le"),
    "both.bin": b"compat-marker-text again, and \xde\xad\xbe\xef\xca\xfe\xba\xbe",
}
UNKNOWN = "0" * 64


def sha256(data):
    return hashlib.sha256(data).hexdigest()


HASHES = {name: sha256(data) for name, data in SAMPLES.items()}
TEXT, WIDE, BOTH = (HASHES[name] for name in SAMPLES)


class Server:
    """A running mews process and how to reach it."""

    def __init__(self, folder, *flags):
        self.data = folder / "data"
        ready = folder / "ready.json"
        self.log = open(folder / "server.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--ready-file", str(ready), *flags],
            stdout=self.log, stderr=self.log)
        for _ in range(1500):
            if ready.exists():
                break
            assert self.process.poll() is None, "the server ended at once:\n" + self.output()
            time.sleep(0.02)
        else:
            self.stop()
            raise AssertionError("the server is not ready after 30 s:\n" + self.output())
        told = json.loads(ready.read_text(encoding="utf-8"))
        self.base_url, self.ca = told["base_url"], told["ca"]
        self.client_id, self.client_secret = told["client_id"], told["client_secret"]

    def output(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text(encoding="utf-8")

    def credentials(self, **more):
        return {"client_id": self.client_id, "client_secret": self.client_secret, "base_url": self.base_url, **more}

    def new_client(self, *scopes, cid=None, flags=()):
        """Make an API client by the admin command; gives FalconPy's keywords."""
        out = subprocess.run(
            [BINARY, "client", "create", "--data", str(self.data), "--name", "compat", "--scope", ",".join(scopes), "-o", "json",
             *(["--cid", cid] if cid else []), *flags],
            check=True, capture_output=True, text=True).stdout
        made = json.loads(out)["resources"][0]
        return {"client_id": made["id"], "client_secret": made["secret"], "base_url": self.base_url}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.log.close()
        return code


ALL_SCOPES = ("malquery:read", "malquery:write", "samplestore:read", "samplestore:write")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    # FalconPy verifies certificates by requests, which reads this variable.
    os.environ["REQUESTS_CA_BUNDLE"] = running.ca
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def malquery(server, stored):
    return MalQuery(**server.credentials())


@pytest.fixture(scope="session")
def uploads(server):
    return SampleUploads(**server.credentials())


@pytest.fixture(scope="session")
def uber(server, stored):
    return APIHarnessV2(**server.credentials())


@pytest.fixture(scope="session")
def stored(uploads):
    """The samples, uploaded by FalconPy as multipart forms."""
    for name, data in SAMPLES.items():
        result = uploads.upload_sample(file_name=name, file_data=data)
        assert result["status_code"] == 200, result
        assert result["body"]["resources"] == [{"sha256": HASHES[name], "file_name": name}]
    return HASHES


QUARANTINE_SCOPES = (
    "quarantined-files:read", "quarantined-files:write", "ingest:write", "agent:actions", "samplestore:read", "samplestore:write",
    "malquery:read", "malquery:write",
)
_customers = itertools.count(1)


class Customer:
    """A customer of its own: what its tests change, no other test sees. Records
    come in as hosts report them; everything else goes through FalconPy."""

    def __init__(self, server, scopes=QUARANTINE_SCOPES):
        self.cid = f"{next(_customers):032x}"
        self.base_url = server.base_url
        self.credentials = server.new_client(*scopes, cid=self.cid)
        self.quarantine = Quarantine(**self.credentials)
        self.uploads = SampleUploads(**self.credentials)
        self.uber = APIHarnessV2(**self.credentials)
        self.uber.login()

    def send(self, method, path, headers=None, **more):
        """A request that FalconPy has no operation for: the routes of hosts."""
        headers = {"Authorization": f"Bearer {self.uber.token_value}", **(headers or {})}
        reply = requests.request(method, self.base_url + path, timeout=60, headers=headers, **more)
        assert reply.status_code == 200, reply.text
        body = reply.json()
        assert body["errors"] == [], body
        return body.get("resources")

    def report(self, report, data=None):
        """A host tells of one file, with its bytes or without."""
        if data is None:
            return self.send("POST", "/ingest/v1/quarantine", json=report)[0]
        return self.send("POST", "/ingest/v1/quarantine", files={
            "record": (None, json.dumps(report), "application/json"), "sample": ("sample", data, "application/octet-stream")})[0]


@pytest.fixture
def customer(server):
    return Customer(server)


def ok(result):
    """The body of a good JSON answer."""
    assert isinstance(result, dict), "expected JSON, got bytes"
    assert result["status_code"] == 200, result
    assert result["body"]["errors"] == [] or result["body"]["resources"], result
    return result["body"]


def refused(result, status):
    """The first error of a refusal, which must be JSON with a message."""
    assert isinstance(result, dict), "expected a JSON error, got bytes"
    assert result["status_code"] == status, result
    first = result["body"]["errors"][0]
    assert first["code"] == status and first["message"], result
    assert result["headers"]["Content-Type"].startswith("application/json")
    return first


def finished(request, reqid):
    """Poll as the public examples do, with whatever way of asking is tested."""
    for _ in range(600):
        result = request(reqid)
        body = ok(result)
        assert body["meta"]["status"] != "failed", result
        if body["meta"]["status"] == "done":
            return body
        time.sleep(0.05)
    raise AssertionError("not done after 30 s")
