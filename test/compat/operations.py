"""Every operation that FalconPy knows and mews serves: how it is called, and what
must come back. The walk of test_operations.py calls each of them in each way that
FalconPy has; what is missing here, although api/operations.yaml says it is done,
fails there."""
import dataclasses
import itertools
import json
import pathlib
import re
import typing

from conftest import UNKNOWN, Customer, finished, ok, sha256
from records import FILES, REPORTS, record_id

HERE = pathlib.Path(__file__).resolve().parent
_ENTRY = re.compile(r"^  - id: (?P<id>\S+)\n(?P<rest>(?:    .*\n)*)", re.M)


@dataclasses.dataclass(frozen=True)
class Listed:
    """An entry of api/operations.yaml."""
    id: str
    pep8: str
    scopes: tuple
    status: str

    @property
    def own(self):
        return self.id.startswith("mews.")


def listed():
    """The entries, read without a YAML library: the file has one form."""
    text = (HERE.parent.parent / "api" / "operations.yaml").read_text(encoding="utf-8")
    def field(m, name):
        return (re.search(rf"^    {name}: (.*)", m["rest"], re.M) or ["", ""])[1]
    return [Listed(m["id"], field(m, "pep8"), tuple(re.findall(r'"([^"]+)"', field(m, "scopes"))), field(m, "status")) for m in _ENTRY.finditer(text)]


def clients():
    """What api/clients.yaml says of FalconPy: operation id, names of service methods, name for the Uber class; None where there is a reason."""
    text = (HERE.parent.parent / "api" / "clients.yaml").read_text(encoding="utf-8")
    for m in re.finditer(r'^(\S+):\n  service: (.*)\n  uber: (.*)\n', text, re.M):
        yield m[1], *(None if word.startswith('"no: ') else word for word in m.groups()[1:])


@dataclasses.dataclass
class Call:
    """One right call of an operation, and what it must answer."""
    check: typing.Callable = lambda body: None
    parameters: dict = dataclasses.field(default_factory=dict)
    body: object = None
    keywords: dict = None  # of the service method, where they are not the parameters or the body's keys
    uber: dict = None  # further keywords of the Uber class: form fields and files
    status: int = 200
    content: bytes = None  # of a file; b"PK" stands for any archive

    def of_service(self):
        if self.keywords is not None:
            return self.keywords
        return self.parameters | (self.body if isinstance(self.body, dict) else {})

    def payload(self):
        """Parameters and body as whole payloads, which both classes take."""
        payload = {"parameters": self.parameters} if self.parameters else {}
        return payload | ({"body": self.body} if self.body is not None else {})


AIDS = [f"{0xAA00 + n:032x}" for n in range(3)]
NAME, TOOL = "operations.example", sha256(b"a tool of the operations")
RULE = 'rule operations { strings: $a = "operations-marker" condition: $a }'
PATTERNS = [{"type": "ascii", "value": "operations-marker"}]


def _event(kind, host, **fields):
    return {"event_simpleName": kind, "aid": AIDS[host], "ComputerName": f"ops-{host}", "event_platform": "Win", "timestamp": "1772366400000", **fields}


EVENTS = [_event("ProcessRollup2", n, TargetProcessId="7", SHA256HashData=TOOL, ImageFileName="\\tool.exe", CommandLine="tool.exe",
                 ProcessStartTime="1772366400.5") for n in range(3)]
EVENTS += [_event("DnsRequest", n, ContextProcessId="7", DomainName=NAME) for n in range(2)]


CVES = ["CVE-2024-0001", "CVE-2024-0002"]
# A report as Trivy writes it, of the first host.
REPORT = {
    "SchemaVersion": 2, "ArtifactName": "ops-0", "ArtifactType": "filesystem", "Metadata": {"OS": {"Family": "debian", "Name": "12.5"}},
    "Results": [{"Target": "ops-0 (debian 12.5)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [
        {"VulnerabilityID": cve, "PkgName": "openssl", "InstalledVersion": "3.0.11-1", "FixedVersion": "3.0.13-1", "Severity": "HIGH"} for cve in CVES]}],
}


def feed(customer, domains):
    """Intelligence of a feed, as a table."""
    table = "type,indicator,malicious_confidence\n" + "".join(f"domain,{d},high\n" for d in domains)
    customer.send("POST", "/ingest/v1/indicators?format=csv&source=compat", data=table.encode(), headers={"Content-Type": "text/csv"})


FEED = [f"feed{n}.{NAME}" for n in range(3)]


class World(Customer):
    """A customer with something of everything."""

    def __init__(self, server):
        super().__init__(server, sorted({s for one in listed() if one.status == "done" for s in one.scopes if not s.startswith("admin:")}))
        self._numbers = itertools.count()
        self.samples = [self.sample() for _ in range(2)]
        for report, data in zip(REPORTS[:3], FILES):
            self.report(report, data)
        self.send("POST", "/ingest/v1/events", data="".join(json.dumps(e) + "\n" for e in EVENTS).encode(),
                  headers={"Content-Type": "application/x-ndjson"})
        self.send("POST", f"/ingest/v1/vulnerabilities?aid={AIDS[0]}", json=REPORT)
        self.vulnerabilities = ok(self.uber.command("queryVulnerabilities", filter=OPEN))["resources"]
        feed(self, FEED)
        self.intel = ok(self.uber.command("QueryIntelIndicatorIds", filter="type:'domain'"))["resources"]
        self.search = self.request("PostMalQueryExactSearchV1", patterns=PATTERNS)
        self.archive = self.request("PostMalQueryEntitiesSamplesMultidownloadV1", samples=self.samples)
        self.ids = [self.indicator() for _ in range(2)]

    def sample(self):
        """The hash of a new sample that searches find."""
        data = b"operations-marker %d of %s" % (next(self._numbers), self.cid.encode())
        return ok(self.uploads.upload_sample(file_name="operations.bin", file_data=data))["resources"][0]["sha256"]

    def content(self, sha):
        return self.uploads.get_sample(ids=sha)

    def request(self, op, **body):
        reqid = ok(self.uber.command(op, body=body))["meta"]["reqid"]
        finished(lambda r: self.uber.command("GetMalQueryRequestV1", ids=r), reqid)
        return reqid

    def record(self):
        """The id of a new record."""
        number = next(self._numbers)
        return self.report({"hostname": f"operations-{number}", "sha256": sha256(b"record %d" % number)})["id"]

    def domain(self):
        return f"n{next(self._numbers)}.{NAME}"

    def legacy(self):
        value = self.domain()
        ok(self.uber.command("CreateIOC", body={"type": "domain", "value": value, "policy": "detect"}))
        return value

    def indicator(self):
        result = self.uber.command("indicator_create_v1", body={"indicators": [new_indicator(self.domain())]})
        return result["body"]["resources"][0]["id"]


def new_indicator(value):
    return {"type": "domain", "value": value, "action": "detect", "severity": "high", "platforms": ["windows"], "applied_globally": True}


def holds(*wanted, exactly=True):
    """The resources are these, or these are among them."""
    def check(body):
        assert all(r in body["resources"] for r in wanted) and (not exactly or len(body["resources"]) == len(wanted)), body
    return check


def keys(name, *wanted):
    """The resources have these values under a name, in any order."""
    def check(body):
        assert sorted(r[name] for r in body["resources"]) == sorted(wanted), body
    return check


def changed(count):
    def check(body):
        assert body["meta"]["writes"]["resources_affected"] == count and body["errors"] == [], body
    return check


def job(body):
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["meta"]["reqid"]) and body["resources"] == [], body


def found(body):
    assert body["meta"]["status"] == "done" and body["resources"], body


def some(body):
    assert body["resources"], body


def buckets(count):
    def check(body):
        assert sum(b["count"] for b in body["resources"][0]["buckets"]) == count, body
    return check


OPEN = "status:'open'+last_seen_within:'45'"


def cves(body):
    assert sorted(r["cve"]["id"] for r in body["resources"]) == CVES and all(r["host_info"]["hostname"] == "ops-0" for r in body["resources"]), body


def quotas(body):
    assert body["meta"]["hunt_limit"] > 0 and body["meta"]["download_limit"] > 0 and "resources" not in body, body


# Operation id: a function that makes a call of it in a world.
CALLS = {
    "ActionUpdateCount": lambda w: Call(some, {"filter": f"id:'{record_id(REPORTS[0])}'"}),
    "GetAggregateFiles": lambda w: Call(
        buckets(3), body=[{"type": "terms", "field": "state", "name": "n", "filter": _any_id(map(record_id, REPORTS[:3]))}],
        keywords={"type": "terms", "field": "state", "name": "n", "filter": _any_id(map(record_id, REPORTS[:3]))}),
    "GetQuarantineFiles": lambda w: Call(keys("id", *map(record_id, REPORTS[:3])), body={"ids": [record_id(r) for r in REPORTS[:3]]}),
    "UpdateQuarantinedDetectsByIds": lambda w: Call(changed(1), body={"action": "release", "comment": "c", "ids": [w.record()]}),
    "QueryQuarantineFiles": lambda w: Call(holds(record_id(REPORTS[1])), {"filter": f"id:'{record_id(REPORTS[1])}'", "limit": 5, "offset": 0, "sort": "date_created.asc"}),
    "UpdateQfByQuery": lambda w: Call(changed(1), body={"action": "release", "comment": "c", "filter": f"id:'{w.record()}'"}),

    "GetMalQueryQuotasV1": lambda w: Call(quotas),
    "PostMalQueryFuzzySearchV1": lambda w: Call(
        lambda body: holds(*w.samples, exactly=False)({"resources": [r["sha256"] for r in body["resources"]]}),
        body={"patterns": PATTERNS, "options": {"limit": 100}}, keywords={"patterns": PATTERNS, "limit": 100}),
    "PostMalQueryExactSearchV1": lambda w: Call(job, body={"patterns": PATTERNS, "options": {"limit": 5}}, keywords={"patterns": PATTERNS, "limit": 5}),
    "PostMalQueryHuntV1": lambda w: Call(job, body={"yara_rule": RULE, "options": {"limit": 5}}, keywords={"yara_rule": RULE, "limit": 5}),
    "PostMalQueryEntitiesSamplesMultidownloadV1": lambda w: Call(job, body={"samples": w.samples}),
    "GetMalQueryRequestV1": lambda w: Call(found, {"ids": w.search}),
    "GetMalQueryMetadataV1": lambda w: Call(keys("sha256", *w.samples), {"ids": w.samples}),
    "GetMalQueryDownloadV1": lambda w: Call(parameters={"ids": w.samples[0]}, content=w.content(w.samples[0])),
    "GetMalQueryEntitiesSamplesFetchV1": lambda w: Call(parameters={"ids": w.archive}, content=b"PK"),

    "GetIOC": lambda w: Call(some, {"type": "domain", "value": w.legacy()}),
    "CreateIOC": lambda w: Call(some, body={"type": "domain", "value": w.domain(), "policy": "detect", "share_level": "red"}),
    "UpdateIOC": lambda w: Call(some, {"type": "domain", "value": w.legacy()}, {"policy": "none"}),
    "DeleteIOC": lambda w: Call(some, {"type": "domain", "value": w.legacy()}),
    "QueryIOCs": lambda w: _query_iocs(w.legacy()),
    "DevicesCount": lambda w: Call(keys("device_count", 2), {"type": "domain", "value": NAME}),
    "DevicesRanOn": lambda w: Call(holds(*AIDS), {"type": "sha256", "value": TOOL, "limit": "10", "offset": "0"}),
    "ProcessesRanOn": lambda w: Call(holds(f"pid:{AIDS[0]}:7"), {"type": "sha256", "value": TOOL, "device_id": AIDS[0]}),
    "entities.processes": lambda w: Call(keys("process_id", f"{AIDS[1]}:7"), {"ids": f"pid:{AIDS[1]}:7"}),

    "indicator_get_device_count_v1": lambda w: Call(keys("device_count", 3), {"type": "sha256", "value": TOOL}),
    "indicator_get_devices_ran_on_v1": lambda w: Call(holds(*AIDS[:2]), {"type": "domain", "value": NAME, "limit": "10", "offset": "0"}),
    "indicator_get_processes_ran_on_v1": lambda w: Call(holds(f"pid:{AIDS[1]}:7"), {"type": "domain", "value": NAME, "device_id": AIDS[1]}),
    "indicator_aggregate_v1": lambda w: Call(
        buckets(2), {"filter": _any_id(w.ids)}, {"type": "terms", "field": "type", "name": "n"},
        keywords={"filter": _any_id(w.ids), "type": "terms", "field": "type", "name": "n"}),
    "indicator_combined_v1": lambda w: Call(keys("id", *w.ids), {"filter": _any_id(w.ids), "limit": 10, "sort": "type|asc"}),
    "indicator_search_v1": lambda w: Call(holds(*w.ids), {"filter": _any_id(w.ids), "limit": 10, "offset": 0}),
    "indicator_get_v1": lambda w: Call(keys("id", *w.ids), {"ids": w.ids}),
    "indicator_create_v1": lambda w: _create_indicator(w.domain()),
    "indicator_update_v1": lambda w: Call(keys("severity", "low"), {"ignore_warnings": True}, {"indicators": [{"id": w.indicator(), "severity": "low"}]}),
    "indicator_delete_v1": lambda w: Call(some, {"ids": [w.indicator()], "comment": "c"}),
    "action_get_v1": lambda w: Call(keys("id", "detect", "prevent"), {"ids": ["detect", "prevent"]}),
    "action_query_v1": lambda w: Call(holds("detect", "prevent", exactly=False), {"limit": 10, "offset": 0}),
    "ioc_type_query_v1": lambda w: Call(holds("sha256", "md5", "domain", "ipv4", "ipv6"), {"limit": 10, "offset": 0}),
    "platform_query_v1": lambda w: Call(holds("windows", "mac", "linux", exactly=False), {"limit": 10, "offset": 0}),
    "severity_query_v1": lambda w: Call(holds("low", "high", exactly=False), {"limit": 10, "offset": 0}),

    "GetSampleV3": lambda w: Call(parameters={"ids": w.samples[0], "password_protected": False}, content=w.content(w.samples[0])),
    "UploadSampleV3": lambda w: _upload(next(w._numbers)),
    "DeleteSampleV3": lambda w: _delete(w.sample()),

    "QueryDevicesByFilter": lambda w: Call(holds(*AIDS), {"filter": "hostname:'ops-*'", "limit": 10, "offset": 0, "sort": "hostname|asc"}),
    "QueryDevicesByFilterScroll": lambda w: Call(holds(*AIDS), {"filter": "hostname:'ops-*'", "limit": 10, "sort": "hostname|asc"}),
    "PostDeviceDetailsV2": lambda w: Call(keys("device_id", *AIDS), body={"ids": AIDS}),
    "GetDeviceDetailsV1": lambda w: Call(keys("device_id", *AIDS), {"ids": AIDS}),
    "GetDeviceDetailsV2": lambda w: Call(keys("device_id", *AIDS), {"ids": AIDS}),
}

CALLS |= {
    "queryVulnerabilities": lambda w: Call(holds(*w.vulnerabilities), {"filter": OPEN, "limit": 5, "sort": "updated_timestamp|asc"}),
    "combinedQueryVulnerabilities": lambda w: Call(cves, {"filter": OPEN, "limit": 5, "facet": ["cve", "host_info"]}),
    "getVulnerabilities": lambda w: Call(keys("id", *w.vulnerabilities), {"ids": w.vulnerabilities}),
    "QueryIntelIndicatorEntities": lambda w: Call(keys("indicator", *FEED), {"filter": "type:'domain'", "limit": 10, "sort": "_marker.asc", "include_relations": True}),
    "QueryIntelIndicatorIds": lambda w: Call(holds(*w.intel), {"filter": "type:'domain'", "limit": 10, "offset": 0}),
    "GetIntelIndicatorEntities": lambda w: Call(keys("indicator", *FEED), body={"ids": w.intel}),
}

# Other names of the same routes.
ALIASES = {"entities_processes": "entities.processes", "GetDeviceDetails": "PostDeviceDetailsV2"}

# These two are how FalconPy logs in and out; test_login.py has them.
LOGIN = {"oauth2AccessToken", "oauth2RevokeToken"}

# In current FalconPy the service methods of these answer by themselves that they
# are deprecated, and send nothing.
UBER_ONLY = {"GetIOC", "CreateIOC", "UpdateIOC", "DeleteIOC", "QueryIOCs"}


def _any_id(ids):
    return "id:[" + ",".join(f"'{i}'" for i in ids) + "]"


def _query_iocs(value):
    return Call(holds(f"domain:{value}"), {"types": "domain", "values": value})


def _create_indicator(value):
    return Call(keys("value", value), {"retrodetects": False}, {"indicators": [new_indicator(value)], "comment": "c"}, status=201)


def _upload(number):
    data = b"uploaded as a form %d" % number
    return Call(keys("sha256", sha256(data)), keywords={"file_name": "form.bin", "file_data": data, "comment": "c"},
                uber={"files": [("sample", ("form.bin", data))], "data": {"file_name": "form.bin", "comment": "c"}})


def _delete(sha):
    return Call(holds(sha), {"ids": sha})


# What each operation refuses with 404 or 400, as JSON whatever it answers else.
REFUSED = {
    "GetSampleV3": ({"ids": UNKNOWN}, 404), "DeleteSampleV3": ({"ids": UNKNOWN}, 404), "GetMalQueryDownloadV1": ({"ids": "12345678"}, 400),
    "GetMalQueryEntitiesSamplesFetchV1": ({"ids": "12345678"}, 404), "indicator_get_v1": ({"ids": UNKNOWN}, 404),
    "QueryDevicesByFilter": ({"filter": "("}, 400), "QueryQuarantineFiles": ({"filter": "nope:'x'"}, 400), "DevicesCount": ({"type": "nope", "value": "x"}, 400),
}
