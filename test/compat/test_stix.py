"""Bundles of `mews ioc export` read by stix2, the library of the standard's own
committee, and bundles that it writes read by `mews ioc import`."""
import datetime
import json
import os
import subprocess

import pytest
import stix2

from conftest import BINARY, Customer, sha256

SCOPES = ("ioc:read", "ioc:write", "iocs:read", "devices:read", "ingest:write")
AID = "0123456789abcdef0123456789abcdef"
FILE, NAME = sha256(b"a dropper"), "evil.example"


class Desk(Customer):
    def __init__(self, server):
        super().__init__(server, SCOPES)
        self.environ = {
            "PATH": os.environ["PATH"], "MEWS_CA": server.ca, "FALCON_BASE_URL": self.credentials["base_url"],
            "FALCON_CLIENT_ID": self.credentials["client_id"], "FALCON_CLIENT_SECRET": self.credentials["client_secret"],
        }

    def mews(self, *args, given=None):
        done = subprocess.run([BINARY, *args], env=self.environ, input=given, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, (args, done)
        return done.stdout

    def listed(self):
        return {i["value"]: i for i in map(json.loads, self.mews("ioc", "list", "--all", "-o", "ndjson").splitlines())}


@pytest.fixture
def desk(server):
    return Desk(server)


def test_stix2_reads_exports(desk):
    desk.mews("ioc", "add", NAME, "2001:db8::17", "198.51.100.7", "--severity", "high", "--tag", "case 17", "--expires", "90d")
    desk.mews("ioc", "add", f"sha256:{FILE}", "0a" * 16, "--action", "allow", "--description", "it's \"ours\" \\ \u202e", "--filename", "a.exe")
    now = datetime.datetime.now(datetime.timezone.utc)
    lines = [{"event_simpleName": "DnsRequest", "aid": AID, "ComputerName": "ws1", "DomainName": NAME, "ContextProcessId": "7",
              "timestamp": str(int((now - datetime.timedelta(minutes=n)).timestamp() * 1000))} for n in (10, 20, 30)]
    desk.send("POST", "/ingest/v1/events", data="".join(json.dumps(e) + "\n" for e in lines).encode())

    bundle = stix2.parse(desk.mews("ioc", "export", "--format", "stix", "--sightings"))
    kinds = {}
    for one in bundle.objects:
        kinds.setdefault(one.type, []).append(one)
    assert {kind: len(some) for kind, some in kinds.items()} == {
        "identity": 2, "extension-definition": 1, "indicator": 5, "sighting": 1}
    by_name = {i.name: i for i in kinds["indicator"]}
    evil = by_name[f"domain:{NAME}"]
    assert evil.pattern == f"[domain-name:value = '{NAME}']" and evil.labels == ["case 17"]
    assert evil.valid_until - evil.valid_from > datetime.timedelta(days=89)
    assert by_name[f"sha256:{FILE}"].indicator_types == ["benign"]
    assert by_name[f"sha256:{FILE}"].description == "it's \"ours\" \\ \u202e"
    sighting = kinds["sighting"][0]
    assert sighting.sighting_of_ref == evil.id and sighting.count == 3
    assert sighting.last_seen - sighting.first_seen == datetime.timedelta(minutes=20)
    assert {i.id: i.name for i in kinds["identity"]}[sighting.where_sighted_refs[0]] == "ws1"

    again = stix2.parse(desk.mews("ioc", "export", "--format", "stix"))
    assert {o.id for o in again.objects if o.type == "indicator"} == {i.id for i in kinds["indicator"]}
    assert again.id != bundle.id


def test_what_stix2_writes(desk):
    """Also its own way of writing patterns and times."""
    until = datetime.datetime(2090, 1, 1, tzinfo=datetime.timezone.utc)
    hashes = stix2.ObservationExpression(stix2.OrBooleanExpression([
        stix2.EqualityComparisonExpression(stix2.ObjectPath("file", ["hashes", "SHA-256"]), FILE),
        stix2.EqualityComparisonExpression(stix2.ObjectPath("file", ["hashes", "SHA-1"]), "0b" * 20),
        stix2.EqualityComparisonExpression(stix2.ObjectPath("file", ["hashes", "MD5"]), "0a" * 16)]))
    names = stix2.ObservationExpression(stix2.InComparisonExpression(stix2.ObjectPath("domain-name", ["value"]), [NAME, "Other.Example"]))
    objects = [
        stix2.Indicator(name="Dropper", pattern_type="stix", pattern=str(hashes), valid_until=until, labels=["case 17"]),
        stix2.Indicator(name="Names", pattern_type="stix", pattern=str(names), description="c2"),
        stix2.Indicator(pattern_type="stix", pattern="[ipv4-addr:value = '198.51.100.7/32'] OR [ipv6-addr:value = '2001:DB8::17']"),
        stix2.Indicator(pattern_type="stix", pattern="[domain-name:value = 'gone.example']", revoked=True),
        stix2.Malware(name="Dropper", is_family=False),
    ]
    summary = desk.mews("ioc", "import", "-", "-o", "ndjson", given=stix2.Bundle(objects).serialize(pretty=True))
    assert json.loads(summary) == {"added": 6, "updated": 0, "known": 0, "skipped": 2, "failed": 0}
    listed = desk.listed()
    assert set(listed) == {FILE, "0a" * 16, NAME, "other.example", "198.51.100.7", "2001:db8::17"}
    assert listed[FILE]["expiration"].startswith("2090-01-01T00:00:00") and listed[FILE]["tags"] == ["case 17"]
    assert listed[FILE]["description"] == "Dropper" and listed[NAME]["description"] == "c2"
