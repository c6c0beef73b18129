"""A client that asks too often: what the real FalconPy makes of the answer."""
import time

import pytest
from falconpy import APIError, APIHarnessV2, Hosts, MalQuery, SampleUploads

from conftest import UNKNOWN, refused

RATE = 3


@pytest.fixture
def slow(server):
    """A client whose own rate is used up."""
    own = server.new_client("malquery:read", "samplestore:read", "devices:read", flags=["--requests-per-minute", str(RATE)])
    falcon = MalQuery(**own)
    for left in reversed(range(RATE)):
        result = falcon.get_quotas()
        assert result["status_code"] == 200
        # The tighter of two limits is told: the client's own, not its customer's.
        assert (result["headers"]["X-Ratelimit-Limit"], result["headers"]["X-Ratelimit-Remaining"]) == (str(RATE), str(left))
    return own


def limited(result):
    """Holds a result to what a client needs in order to wait for as long as it has to."""
    refused(result, 429)
    headers = result["headers"]
    assert headers["X-Ratelimit-Limit"] == str(RATE) and headers["X-Ratelimit-Remaining"] == "0"
    # Upstream's header is a point in time, the standard one a span.
    wait = int(headers["X-Ratelimit-Retryafter"]) - time.time()
    assert -1 <= wait <= 66 and abs(wait - int(headers["Retry-After"])) <= 3


def test_service_and_uber_class(slow):
    limited(MalQuery(**slow).get_quotas())
    limited(APIHarnessV2(**slow).command("GetMalQueryQuotasV1"))
    limited(Hosts(**slow).query_devices_by_filter())
    # Also where a file would come: an answer that is no JSON would be taken for one.
    limited(SampleUploads(**slow).get_sample(ids=UNKNOWN))
    limited(MalQuery(**slow).get_download(ids=UNKNOWN))


def test_pythonic(slow):
    with pytest.raises(APIError) as raised:
        MalQuery(**slow, pythonic=True).get_quotas()
    assert raised.value.code == 429 and "rate limit exceeded" in raised.value.message


def test_login_is_not_counted(slow):
    """Who waits can renew its token meanwhile; revoking is a request like others."""
    falcon = MalQuery(**slow)
    assert falcon.authenticated() and falcon.token_status == 201


def test_others_go_on(server, slow):
    result = MalQuery(**server.credentials()).get_quotas()
    assert result["status_code"] == 200 and int(result["headers"]["X-Ratelimit-Limit"]) > 1000
