"""FalconPy over every operation that mews serves: the Service classes by both kinds
of method names, by keywords and by whole payloads; the Uber class; and the forms
in which FalconPy hands out results."""
import inspect

import falconpy
import pytest
import requests
from falconpy import APIError, APIHarnessV2, ServiceClass

from operations import ALIASES, CALLS, LOGIN, REFUSED, UBER_ONLY, World, clients, listed
from conftest import refused

CLASSES = [c for _, c in inspect.getmembers(falconpy, inspect.isclass) if issubclass(c, ServiceClass) and c is not ServiceClass]


def methods(op):
    """The Service classes that have an operation, each with its PEP8 name."""
    name = {"entities.processes": "entities_processes"}.get(op, op)
    return [(c, getattr(c, name).__name__) for c in CLASSES if hasattr(c, name)]


SERVICE = [(op, c, pep8) for op in CALLS if op not in UBER_ONLY for c, pep8 in methods(op)]


def test_each_operation_has_a_call():
    done = {one.id for one in listed() if one.status in ("done", "partial") and not one.own}
    assert done - LOGIN == set(CALLS), "what api/operations.yaml lists as done and what operations.py calls differ"
    assert {op for op, _, _ in SERVICE} == set(CALLS) - UBER_ONLY, "an operation has no Service class"


def test_method_names_are_the_listed_ones():
    """The SDK looks operations up by FalconPy's method names."""
    for one in listed():
        if one.id in CALLS:
            assert one.pep8 in {pep8 for _, pep8 in methods(one.id)}, one


def test_the_page_tells_what_is_called_here():
    """docs/compatibility.md is rendered from api/clients.yaml."""
    for op, service, uber in clients():
        if op not in LOGIN:
            told, called = set(service.split(", ") if service else ()), {f"{c.__name__}.{pep8}" for o, c, pep8 in SERVICE if o == op}
            # A newer FalconPy may have more classes for an operation.
            assert told <= called and bool(told) == bool(called) and uber == (op if op in CALLS else None), op


@pytest.fixture(scope="module")
def world(server):
    return World(server)


@pytest.fixture(scope="module")
def instances(world):
    """One object of each Service class for each way to make one."""
    made = {}

    def get(cls, **how):
        key = (cls, *sorted(how.items()))
        if key not in made:
            made[key] = cls(**world.credentials, **how)
        return made[key]
    return get


def check(call, result):
    """Holds a plain result to what the call must answer."""
    if call.content is not None:
        assert isinstance(result, bytes), result
        return check_file(call, result)
    assert isinstance(result, dict) and result["status_code"] == call.status, result
    assert result["headers"]["Content-Type"].startswith("application/json") and result["headers"]["X-Cs-Region"] == "local"
    check_body(call, result["body"])
    return None


def check_body(call, body):
    assert body["errors"] == [] and isinstance(body["meta"]["query_time"], (int, float)) and body["meta"]["trace_id"], body
    call.check(body)


def check_file(call, content):
    assert content.startswith(b"PK") if call.content == b"PK" else content == call.content


def by_keywords(call, method):
    return method(**call.of_service())


def by_payload(call, method):
    # A form has no payload of its own.
    return method(**(call.payload() or call.of_service()))


@pytest.mark.parametrize("style", [by_keywords, by_payload])
@pytest.mark.parametrize("named", ["pep8", "operation id"])
@pytest.mark.parametrize("op, cls, pep8", SERVICE, ids=[f"{c.__name__}.{p}" for _, c, p in SERVICE])
def test_service_class(world, instances, op, cls, pep8, named, style):
    name = pep8 if named == "pep8" else op.replace(".", "_")
    call = CALLS[op](world)
    check(call, style(call, getattr(instances(cls), name)))


@pytest.mark.parametrize("op", [*CALLS, *ALIASES])
def test_uber_class(world, op):
    call = CALLS[ALIASES.get(op, op)](world)
    check(call, world.uber.command(op, **call.payload(), **(call.uber or {})))


@pytest.mark.parametrize("op", sorted(UBER_ONLY))
def test_service_class_sends_nothing(world, instances, op):
    """If this fails, FalconPy has changed its mind: then the method belongs to the others."""
    result = getattr(instances(falconpy.Iocs), op)(**CALLS[op](world).payload())
    assert result["status_code"] == 500 and "deprecated" in str(result["body"]).lower()
    assert "X-Cs-Traceid" not in result["headers"]


@pytest.mark.parametrize("op, cls, pep8", SERVICE, ids=[f"{c.__name__}.{p}" for _, c, p in SERVICE])
def test_pythonic_result(world, instances, op, cls, pep8):
    call = CALLS[op](world)
    result = getattr(instances(cls, pythonic=True), pep8)(**call.of_service())
    assert result.status_code == call.status
    if call.content is not None:
        check_file(call, result if isinstance(result, bytes) else bytes(result.resources))
        return
    assert result.region == "local" and int(result.ratelimit_limit) >= int(result.ratelimit_remaining) > 10
    assert result.trace_id == result.headers["X-Cs-Traceid"] and result.query_time >= 0 and result.powered_by == "mews"
    assert list(result) == result.data and len(result) == len(result.data)
    call.check(result.full_return["body"])


@pytest.mark.parametrize("op", CALLS)
def test_expanded_result(world, op):
    call = CALLS[op](world)
    status, headers, content = world.uber.command(op, expand_result=True, **call.payload(), **(call.uber or {}))
    assert status == call.status and headers["X-Cs-Traceid"]
    if call.content is not None:
        assert headers["Content-Type"] in ("application/octet-stream", "application/zip")
        check_file(call, content)
    else:
        check(call, content.data)


@pytest.mark.parametrize("op, cls, pep8", [s for s in SERVICE if s[0] in REFUSED], ids=[p for op, _, p in SERVICE if op in REFUSED])
def test_refusals(world, instances, op, cls, pep8):
    keywords, status = REFUSED[op]
    refused(getattr(instances(cls), pep8)(**keywords), status)
    refused(world.uber.command(op, parameters=keywords), status)
    with pytest.raises(APIError) as raised:
        getattr(instances(cls, pythonic=True), pep8)(**keywords)
    assert raised.value.code == status and raised.value.message


FILES = [s for s in SERVICE if "Download" in s[0] or "Fetch" in s[0] or s[0] == "GetSampleV3"]


@pytest.mark.parametrize("op, cls, pep8", FILES, ids=[p for _, _, p in FILES])
def test_stream(world, instances, op, cls, pep8):
    call = CALLS[op](world)
    for reply in (getattr(instances(cls), pep8)(stream=True, **call.of_service()), world.uber.command(op, stream=True, **call.payload())):
        assert isinstance(reply, requests.Response) and reply.status_code == 200
        check_file(call, b"".join(reply.iter_content(7)))


def test_any_path_by_override(world):
    """The Uber class calls a path that it knows no operation for."""
    result = world.uber.command(override="GET,/mews/entities/samples/v1", parameters={"ids": world.samples[0]})
    assert [r["sha256"] for r in result["body"]["resources"]] == world.samples[:1]
    refused(world.uber.command(override="GET,/nothing/here/v1"), 404)
    refused(world.uber.command(override="DELETE,/malquery/aggregates/quotas/v1"), 405)


def test_unknown_operation_is_refused_by_the_client(world):
    assert world.uber.command("NoSuchOperation")["status_code"] == 418


def test_debug_and_own_user_agent(server):
    common = {"user_agent": "someone/1.0", "renew_window": 300, "timeout": 30, "debug": True}
    assert APIHarnessV2(**server.credentials(), **common).command("GetMalQueryQuotasV1")["status_code"] == 200
    assert falconpy.MalQuery(**server.credentials(), **common, ext_headers={"X-Mine": "1"}).get_quotas()["status_code"] == 200
