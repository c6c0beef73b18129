"""Tokens, scopes, revocation, and that no client is led away."""
import time

import pytest
import requests
from falconpy import APIHarnessV2, MalQuery, OAuth2

from conftest import refused


def test_service_class_logs_in_on_construction(server):
    falcon = MalQuery(**server.credentials())
    assert falcon.authenticated() and falcon.token_status == 201
    assert falcon.auth_object.token_expiration > 120, "FalconPy would renew before every call"
    assert falcon.logout() and not falcon.authenticated()


def test_uber_class_login_and_logout(server):
    falcon = APIHarnessV2(**server.credentials())
    assert falcon.command("GetMalQueryQuotasV1")["status_code"] == 200
    old = falcon.token_value
    assert falcon.logout() is True
    reply = requests.get(server.base_url + "/malquery/aggregates/quotas/v1", headers={"Authorization": f"Bearer {old}"}, timeout=10)
    assert reply.status_code == 401, "the revoked token still works"
    assert falcon.login() is True
    assert falcon.command("GetMalQueryQuotasV1")["status_code"] == 200


def test_context_manager_revokes(server):
    with APIHarnessV2(**server.credentials()) as falcon:
        assert falcon.command("GetMalQueryQuotasV1")["status_code"] == 200
        token = falcon.token_value
    reply = requests.get(server.base_url + "/malquery/aggregates/quotas/v1", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert reply.status_code == 401


def test_token_reply_is_bare_and_created(server):
    auth = OAuth2(**server.credentials())
    result = auth.token()
    assert result["status_code"] == 201
    body = result["body"]
    assert body["token_type"] == "bearer" and body["access_token"]
    assert type(body["expires_in"]) is int and body["expires_in"] > 120
    assert "meta" not in body and "resources" not in body
    revoked = auth.revoke(token=body["access_token"])
    assert revoked["status_code"] == 200, revoked
    assert auth.revoke(token="None")["status_code"] in (200, 400), "never 500"


@pytest.mark.parametrize("place", ["form", "basic", "form with grant_type"])
def test_credentials_by_form_and_basic(server, place):
    form, basic = {"client_id": server.client_id, "client_secret": server.client_secret}, None
    if place == "basic":
        form, basic = {"grant_type": "client_credentials"}, (server.client_id, server.client_secret)
    if place == "form with grant_type":
        form["grant_type"] = "client_credentials"
    reply = requests.post(server.base_url + "/oauth2/token", data=form, auth=basic, timeout=10)
    assert reply.status_code == 201, reply.text


@pytest.mark.parametrize("change, status", [
    ({"client_secret": "wrong"}, 403),
    ({"client_id": "0" * 32}, 403),
    ({"client_secret": ""}, 400),
    ({"grant_type": "password"}, 400),
])
def test_token_refusals(server, change, status):
    own = server.new_client("malquery:read")
    form = {"client_id": own["client_id"], "client_secret": own["client_secret"], **change}
    reply = requests.post(server.base_url + "/oauth2/token", data=form, timeout=10)
    body = reply.json()
    assert reply.status_code == status and "access_token" not in body
    assert body["errors"][0]["code"] == status and body["errors"][0]["message"]


def test_wrong_secret_in_falconpy(server):
    own = server.new_client("malquery:read")
    falcon = MalQuery(**{**own, "client_secret": "wrong"})
    assert falcon.token_status == 403 and falcon.token_fail_reason
    refused(falcon.get_quotas(), 401)  # sends "Bearer None"
    refused(APIHarnessV2(**{**own, "client_secret": "wrong"}).command("GetMalQueryQuotasV1"), 401)


def test_missing_scope(server, stored):
    falcon = MalQuery(**server.new_client("malquery:read"))
    assert falcon.get_quotas()["status_code"] == 200
    first = refused(falcon.fuzzy_search(patterns=[{"type": "ascii", "value": "marker"}]), 403)
    assert first["message"].startswith("access denied, authorization failed")
    writer = MalQuery(**server.new_client("malquery:write"))
    refused(writer.get_quotas(), 403)  # a write scope does not imply its read scope
    refused(writer.get_download(ids=stored["text.txt"]), 403)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer None", "Basic eDp5", "Bearer " + "x" * 20000])
def test_bearer_refusals(server, header):
    headers = {} if header is None else {"Authorization": header}
    # trust_env=False: requests must not add credentials of its own.
    session = requests.Session()
    session.trust_env = False
    reply = session.get(server.base_url + "/malquery/aggregates/quotas/v1", headers=headers, timeout=10, verify=server.ca)
    assert reply.status_code == 401
    assert reply.json()["errors"][0] == {"code": 401, "message": "access denied, invalid bearer token"}


def test_region_does_not_lead_away(server):
    falcon = MalQuery(**server.credentials())
    result = falcon.get_quotas()
    assert falcon.base_url == server.base_url and falcon.auth_object.base_url == server.base_url
    assert result["headers"]["X-Cs-Region"] == "local"
    harness = APIHarnessV2(**server.credentials())
    harness.login()
    assert harness.base_url == server.base_url


def test_headers_on_every_answer(malquery):
    for result in (malquery.get_quotas(), malquery.get_request(ids="nonsense"), malquery.get_download(ids="12345678")):
        headers = result["headers"]
        assert int(headers["X-Ratelimit-Limit"]) >= int(headers["X-Ratelimit-Remaining"]) > 10
        assert headers["X-Cs-Traceid"] == result["body"]["meta"]["trace_id"]


def test_unserved_routes_are_json(uber):
    refused(uber.command(override="GET,/no/such/route/v1"), 404)
    refused(uber.command(override="PUT,/malquery/aggregates/quotas/v1"), 405)
    slash = uber.command(override="GET,/malquery/aggregates/quotas/v1/")
    refused(slash, 404)  # never a redirect


def test_token_is_renewed_only_when_due(server):
    falcon = MalQuery(**server.credentials())
    first = falcon.auth_object.token_value
    for _ in range(3):
        assert falcon.get_quotas()["status_code"] == 200
        time.sleep(0.01)
    assert falcon.auth_object.token_value == first
