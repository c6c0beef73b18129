"""Who saw what: the four operations of the older family and their three twins of
the newer one, in each way that FalconPy has to call them. Telemetry comes in as
hosts report it; expectations are computed from it by plain Python."""
import datetime
import json

import pytest
from falconpy import IOC, Iocs

from conftest import Customer, ok, refused, sha256

SCOPES = ("iocs:read", "ioc:read", "ingest:write")
START = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc)
TOOL, NAME, ADDRESS = sha256(b"a tool"), "evil.example", "2001:db8::17"
HOSTS = [f"{0xC0FFEE + n:032x}" for n in range(12)]


def moment(seconds):
    return START + datetime.timedelta(seconds=seconds)


def event(kind, host, seconds, **fields):
    millis = int(moment(seconds).timestamp() * 1000)
    return {"event_simpleName": kind, "aid": HOSTS[host], "timestamp": str(millis), "ComputerName": f"ws-{host}", **fields}


def started(host, process, seconds):
    return event("ProcessRollup2", host, seconds, TargetProcessId=str(process), SHA256HashData=TOOL, UserName="alice",
                 ImageFileName="\\Device\\HarddiskVolume2\\tool.exe", CommandLine="tool.exe --run",
                 ProcessStartTime=f"{moment(seconds).timestamp():.3f}")


# The tool ran on every host, on the fourth in seven processes; the name was asked
# for on two hosts, the address was met on one.
PROCESSES = {3: [100 + n for n in range(7)], **{host: [7] for host in range(12) if host != 3}}
EVENTS = [started(host, process, process) for host, list_ in PROCESSES.items() for process in list_]
EVENTS += [event("EndOfProcess", 3, 900, TargetProcessId="100")]
EVENTS += [event("DnsRequest", host, 950, ContextProcessId=str(PROCESSES[host][0]), DomainName="Evil.EXAMPLE.") for host in (3, 5)]
EVENTS += [event("NetworkConnectIP6", 5, 960, ContextProcessId="7", RemoteAddressIP6="2001:0DB8:0::17", RemotePort="443")]


@pytest.fixture(scope="module")
def company(server):
    made = Customer(server, SCOPES)
    lines = "".join(json.dumps(e) + "\n" for e in EVENTS)
    made.send("POST", "/ingest/v1/events", data=lines.encode(), headers={"Content-Type": "application/x-ndjson"})
    made.legacy, made.modern = Iocs(**made.credentials), IOC(**made.credentials)
    return made


def uber(customer, op):
    return lambda **keywords: customer.uber.command(op, **keywords)


# The same three questions by each class and each kind of name.
STYLES = {
    "Iocs, pep8": lambda c: (c.legacy.devices_count, c.legacy.devices_ran_on, c.legacy.processes_ran_on),
    "Iocs, ids": lambda c: (c.legacy.DevicesCount, c.legacy.DevicesRanOn, c.legacy.ProcessesRanOn),
    "IOC, pep8": lambda c: (c.modern.devices_count, c.modern.devices_ran_on, c.modern.processes_ran_on),
    "IOC, ids": lambda c: (c.modern.indicator_get_device_count_v1, c.modern.indicator_get_devices_ran_on_v1,
                 c.modern.indicator_get_processes_ran_on_v1),
    "IOC, legacy": lambda c: (c.modern.devices_count_legacy, c.modern.devices_ran_on_legacy, c.modern.processes_ran_on_legacy),
    "uber, legacy": lambda c: tuple(uber(c, op) for op in ("DevicesCount", "DevicesRanOn", "ProcessesRanOn")),
    "uber, modern": lambda c: tuple(uber(c, op) for op in (
        "indicator_get_device_count_v1", "indicator_get_devices_ran_on_v1", "indicator_get_processes_ran_on_v1")),
}
MODERN = {"IOC, pep8", "IOC, ids", "uber, modern"}


@pytest.fixture(params=STYLES)
def ask(request, company):
    count, devices, processes = STYLES[request.param](company)
    return request.param, count, devices, processes


@pytest.mark.parametrize("kind,value,hosts", [
    ("sha256", TOOL, range(12)), ("sha256", TOOL.upper(), range(12)), ("domain", NAME, (3, 5)), ("domain", "EVIL.example", (3, 5)),
    ("ipv6", "2001:DB8:0:0::17", (5,)),
])
def test_who_saw_it(ask, kind, value, hosts):
    _, count, devices, _ = ask
    body = ok(count(type=kind, value=value))
    assert [r["device_count"] for r in body["resources"]] == [len(hosts)]
    one = body["resources"][0]
    assert one["type"] == kind and one["value"] == {"sha256": TOOL, "domain": NAME, "ipv6": ADDRESS}[kind]
    body = ok(devices(type=kind, value=value))
    assert set(body["resources"]) == {HOSTS[n] for n in hosts}
    assert body["meta"]["entity"] == "/devices/entities/devices/v1{?ids*}"


def test_parameters(ask):
    """Everything may stand in one dictionary, and numbers be text."""
    _, count, devices, _ = ask
    assert ok(count(parameters={"type": "sha256", "value": TOOL}))["resources"][0]["device_count"] == 12
    body = ok(devices(parameters={"type": "sha256", "value": TOOL, "limit": "5", "offset": "10"}))
    assert len(body["resources"]) == 2 and body["meta"]["pagination"]["total"] == 12


def test_pages(ask):
    """Clients feed the returned offset back, and end when it reaches the total."""
    style, _, devices, processes = ask
    for op, wanted, more in ((devices, set(HOSTS), {}), (processes, {f"pid:{HOSTS[3]}:{p}" for p in PROCESSES[3]}, {"device_id": HOSTS[3]})):
        got, offset, total = [], 0, 1
        while int(offset) < total:
            body = ok(op(type="sha256", value=TOOL, limit=5, offset=offset, **more))
            got += body["resources"]
            page = body["meta"]["pagination"]
            total, offset = page["total"], page["offset"]
            assert isinstance(offset, str) == (style in MODERN or op is processes)
            if op is processes:
                assert ("next_page" in page) == (int(offset) < total)
        assert len(got) == len(wanted) and set(got) == wanted


def test_processes(ask, company):
    """From an observable to the processes, and on to what they are."""
    _, _, _, processes = ask
    ids = ok(processes(type="domain", value=NAME, device_id=HOSTS[3]))["resources"]
    assert ids == [f"pid:{HOSTS[3]}:100"]
    for details in (company.legacy.entities_processes(ids=ids), company.modern.entities_processes(ids=ids[0]),
                    company.uber.command("entities.processes", ids=ids), company.uber.command("entities_processes", ids=ids[0][4:])):
        one, = ok(details)["resources"]
        begun = moment(100)
        filetime = (int(begun.timestamp()) + 11644473600) * 10**7
        assert one["device_id"] == HOSTS[3] and one["process_id"] == f"{HOSTS[3]}:100" and one["process_id_local"] == "100"
        assert one["command_line"] == "tool.exe --run" and one["file_name"].endswith("tool.exe")
        assert datetime.datetime.fromisoformat(one["start_timestamp"].replace("Z", "+00:00")) == begun
        assert one["start_timestamp_raw"] == str(filetime)
        assert datetime.datetime.fromisoformat(one["stop_timestamp"].replace("Z", "+00:00")) == moment(900)
        assert one["stop_timestamp_raw"].isdigit()


def test_running_process(company):
    one, = ok(company.legacy.entities_processes(ids=f"pid:{HOSTS[5]}:7"))["resources"]
    assert one["stop_timestamp"] == one["stop_timestamp_raw"] == ""


def test_unknown_processes(company):
    known, unknown = f"pid:{HOSTS[5]}:7", f"pid:{HOSTS[5]}:8"
    result = company.uber.command("entities.processes", ids=[unknown, known])
    body = ok(result)
    assert [r["process_id"] for r in body["resources"]] == [known[4:]]
    assert body["errors"][0]["code"] == 404 and body["errors"][0]["id"] == unknown
    refused(company.uber.command("entities.processes", ids=unknown), 404)
    refused(company.uber.command("entities.processes"), 400)


def test_never_seen(ask):
    """An empty answer is no error, and says why."""
    _, count, devices, processes = ask
    unseen = {"type": "domain", "value": "nobody-asked.example"}
    for result in (count(**unseen), devices(**unseen), processes(**unseen, device_id=HOSTS[0])):
        body = ok_even_empty(result)
        hint = body["meta"]["hint"]
        assert hint["reason"] == "never_seen" and hint["message"] and hint["hosts"] == 12 and hint["indicator"] is False
        assert result["headers"]["X-Mews-Hint"].startswith("never_seen; indicator=false; hosts=12")
        assert not body["resources"] or body["resources"][0]["device_count"] == 0
    hint = ok_even_empty(processes(type="domain", value=NAME, device_id=HOSTS[0]))["meta"]["hint"]
    assert hint["reason"] == "other_device"


def ok_even_empty(result):
    assert result["status_code"] == 200 and result["body"]["errors"] == [], result
    return result["body"]


@pytest.mark.parametrize("kind,value", [
    ("sha256", "abc"), ("md5", TOOL), ("domain", "x" * 300), ("ipv4", "1.2.3"), ("ipv6", "1.2.3.4"), ("url", "http://x"), ("sha256", ""), ("", TOOL),
])
def test_refused(ask, kind, value):
    _, count, devices, processes = ask
    for result in (count(type=kind, value=value), devices(type=kind, value=value), processes(type=kind, value=value, device_id=HOSTS[0])):
        refused(result, 400)


def test_bad_pages(ask):
    _, _, devices, processes = ask
    for bad in ({"limit": 0}, {"limit": 5001}, {"limit": "many"}, {"offset": -1}, {"offset": "x"}):
        refused(devices(type="sha256", value=TOOL, **bad), 400)
    refused(processes(type="sha256", value=TOOL), 400)  # device_id is missing


def test_scopes(server, company):
    """The older scope opens both families, the newer one its own."""
    new, old = (server.new_client(scope, cid=company.cid) for scope in ("ioc:read", "iocs:read"))
    seen = {"type": "domain", "value": NAME}
    assert ok(IOC(**new).devices_count(**seen))["resources"][0]["device_count"] == 2
    assert ok(IOC(**old).devices_count(**seen))["resources"][0]["device_count"] == 2
    assert ok(Iocs(**old).devices_count(**seen))["resources"][0]["device_count"] == 2
    refused(Iocs(**new).devices_count(**seen), 403)


def test_other_customers(server, company):
    other = Customer(server, SCOPES)
    body = ok_even_empty(Iocs(**other.credentials).devices_ran_on(type="sha256", value=TOOL))
    assert body["resources"] == [] and body["meta"]["hint"]["reason"] == "no_telemetry"
