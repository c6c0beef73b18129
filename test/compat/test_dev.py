"""Dev mode driven by FalconPy alone: what a suite does that tests code which uses FalconPy."""
import hashlib
import os
import time

import pytest
from conftest import Server
from falconpy import APIHarnessV2, Hosts, SampleUploads

DEV = "/mews/dev/v1/"


class Tenant:
    """A tenant to test against, which puts itself in order before each test."""

    def __init__(self, server):
        self.credentials = server.credentials()
        self.uber = APIHarnessV2(**self.credentials)

    def call(self, method, path, **more):
        result = self.uber.command(override=f"{method},{DEV}{path}", **more)
        assert result["status_code"] == 200, result
        return result["body"]["resources"]

    def fail(self, **rule):
        return self.call("POST", "faults", body=rule)[0]["id"]

    def requests(self, **which):
        return self.call("GET", "requests", parameters=which)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("dev"), "--dev", "--seed", "demo")
    with pytest.MonkeyPatch.context() as patch:  # other modules have another server
        patch.setenv("REQUESTS_CA_BUNDLE", server.ca)
        yield Tenant(server)
    assert server.stop() == 0


@pytest.fixture
def tenant(running):
    running.call("POST", "reset")
    return running


@pytest.fixture
def hosts(tenant):
    return Hosts(**tenant.credentials)


def test_too_many_requests(tenant, hosts):
    rule = tenant.fail(operation="QueryDevicesByFilter", times=1, effect={"status": 429, "retry_after": "30s"})
    limited = hosts.query_devices_by_filter(limit=3)
    assert limited["status_code"] == 429
    assert limited["body"]["errors"] == [{"code": 429, "message": "rate limit exceeded"}]
    assert 25 < int(limited["headers"]["X-Ratelimit-Retryafter"]) - time.time() < 31
    assert limited["headers"]["X-Ratelimit-Remaining"] == "0"
    assert len(hosts.query_devices_by_filter(limit=3)["body"]["resources"]) == 3

    seen = tenant.requests(operation="QueryDevicesByFilter")
    assert [(r["status"], r.get("fault")) for r in seen] == [(429, rule), (200, None)]
    assert seen[0]["query"] == "limit=3" and seen[0]["user_agent"].startswith("crowdstrike-falconpy/")


def test_pythonic_errors(tenant):
    from falconpy import APIError

    tenant.fail(operation="query_devices_by_filter", times=1, effect={"status": 503, "message": "come back later"})
    strict = Hosts(**tenant.credentials, pythonic=True)
    with pytest.raises(APIError, match="come back later"):
        strict.query_devices_by_filter()
    assert strict.query_devices_by_filter().total > 0


def test_expired_token(tenant, hosts):
    assert hosts.query_devices_by_filter()["status_code"] == 200
    tenant.fail(path="/devices/*", times=1, effect={"expire_token": True})
    for _ in range(2):  # FalconPy logs in again by the clock only: the token stays dead
        assert hosts.query_devices_by_filter()["status_code"] == 401
    assert hosts.auth_object.login()["status_code"] == 201
    assert hosts.query_devices_by_filter()["status_code"] == 200


@pytest.mark.parametrize("effect", [{"truncate": 5}, {"close": True}])
def test_broken_answers(tenant, hosts, effect):
    tenant.fail(operation="QueryDevicesByFilter", times=1, effect=effect)
    assert hosts.query_devices_by_filter()["status_code"] == 500  # FalconPy's own, for an answer that is none
    assert hosts.query_devices_by_filter()["status_code"] == 200


def test_refused_login(tenant):
    tenant.fail(operation="oauth2AccessToken", times=1, effect={"status": 403, "message": "access denied, authorization failed"})
    fresh = Hosts(**tenant.credentials)
    assert not fresh.token_valid and fresh.token_fail_reason == "access denied, authorization failed"
    assert fresh.query_devices_by_filter()["status_code"] == 200  # it logs in again with the next call


def test_reset_keeps_the_login(tenant, hosts):
    before = hosts.query_devices_by_filter(sort="hostname.asc")["body"]["resources"]
    uploads = SampleUploads(auth_object=hosts)
    data = os.urandom(64)
    assert uploads.upload_sample(file_name="x", file_data=data)["status_code"] == 200
    sent = tenant.requests(operation="UploadSampleV3")[0]
    assert sent["request_bytes"] > len(data) and data.hex() not in str(sent)

    tenant.call("POST", "reset")
    assert hosts.query_devices_by_filter(sort="hostname.asc")["body"]["resources"] == before
    assert uploads.get_sample(ids=hashlib.sha256(data).hexdigest())["status_code"] == 404
    assert tenant.requests(operation="UploadSampleV3") == []


def test_snapshots(tenant, hosts):
    uploads = SampleUploads(auth_object=hosts)
    sha = uploads.upload_sample(file_name="x", file_data=b"kept in a snapshot")["body"]["resources"][0]["sha256"]
    tenant.call("POST", "snapshots", body={"name": "with-the-file"})
    tenant.call("POST", "reset")
    assert uploads.get_sample(ids=sha)["status_code"] == 404
    tenant.call("POST", "restore", body={"name": "with-the-file"})
    assert uploads.get_sample(ids=sha) == b"kept in a snapshot"
    tenant.call("DELETE", "snapshots", parameters={"ids": "with-the-file"})
    assert tenant.call("GET", "snapshots") == []
