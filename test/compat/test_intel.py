"""Intelligence indicators: feeds go in as their makers write them (bundles by stix2,
the library of the standard's own committee), and FalconPy reads what became of them."""
import urllib.parse

import pytest
import stix2
from falconpy import Intel

from conftest import Customer, ok, refused

COUNT = 25
MD5, SHA = "0123456789abcdef0123456789abcdef", "ab" * 32


def bundle():
    actor = stix2.IntrusionSet(name="BEAR")
    malware = stix2.Malware(name="Loader", is_family=True)
    file = stix2.Indicator(
        pattern=f"[file:hashes.MD5 = '{MD5}' OR file:hashes.'SHA-256' = '{SHA}']", pattern_type="stix", valid_from="2026-01-02T00:00:00Z",
        indicator_types=["malicious-activity"], confidence=85, labels=["case 17"],
        kill_chain_phases=[stix2.KillChainPhase(kill_chain_name="mitre-attack", phase_name="command-and-control")])
    benign = stix2.Indicator(pattern="[domain-name:value = 'quiet.example']", pattern_type="stix", indicator_types=["benign"])
    return stix2.Bundle(
        file, benign, malware, actor, stix2.Relationship(file, "indicates", malware), stix2.Relationship(malware, "authored-by", actor),
        stix2.Report(name="Case 17", published="2026-01-03T00:00:00Z", object_refs=[file.id], report_types=["indicator"]))


class Desk(Customer):
    def __init__(self, server):
        super().__init__(server, ("ingest:write", "falconx-indicators:read"))
        self.intel = Intel(**self.credentials)

    def take(self, text, source, **query):
        query = "&".join(f"{name}={value}" for name, value in query.items())
        self.send("POST", f"/ingest/v1/indicators?source={source}&{query}", data=text, headers={"Content-Type": "application/octet-stream"})


@pytest.fixture(scope="module")
def desk(server):
    made = Desk(server)
    made.take(bundle().serialize(), "partner")
    made.take("".join(f"d{n:02}.list.example\n" for n in range(COUNT)), "list")
    return made


def test_bundle(desk):
    found = ok(desk.intel.query_indicator_entities(filter="labels:'case 17'", sort="indicator.asc"))["resources"]
    assert [i["id"] for i in found] == [f"hash_md5_{MD5}", f"hash_sha256_{SHA}"]
    for i, other in zip(found, found[::-1]):
        assert i["actors"] == ["BEAR"] and i["malware_families"] == ["Loader"] and i["reports"] == ["Case 17"]
        assert i["malicious_confidence"] == "high" and i["kill_chains"] == ["c2"] and i["threat_types"] == ["malicious-activity"]
        assert i["published_date"] == 1767312000 and i["deleted"] is False and i["targets"] == []
        assert [r["id"] for r in i["relations"]] == [other["id"]]
        assert i["_marker"].startswith(str(i["last_updated"])) and len(i["_marker"]) == 42
    (quiet,) = ok(desk.intel.query_indicator_entities(filter="indicator:'quiet.example'", include_relations=False))["resources"]
    assert quiet["malicious_confidence"] == "unverified" and quiet["relations"] == []


def test_pages(desk):
    """By offset, and along the header of the next page."""
    found, offset, total = [], 0, 1
    while offset < total:
        body = ok(desk.intel.query_indicator_ids(filter="source:'list'", limit=10, offset=offset, sort="indicator|desc"))
        page = body["meta"]["pagination"]
        found, offset, total = found + body["resources"], page["offset"], page["total"]
    assert found == [f"domain_d{n:02}.list.example" for n in reversed(range(COUNT))]
    found, path = [], "/intel/combined/indicators/v1?limit=10&q=list"
    while path:
        route, _, query = path.partition("?")
        result = desk.uber.command(override=f"GET,{route}", parameters=dict(urllib.parse.parse_qsl(query)))
        found, path = found + ok(result)["resources"], result["headers"].get("Next-Page")
    assert [i["indicator"] for i in found] == [f"d{n:02}.list.example" for n in range(COUNT)]


def test_entities(desk):
    ids = ["domain_d03.list.example", "domain_nobody.example", f"hash_md5_{MD5}"]
    result = desk.intel.get_indicator_entities(ids=ids)
    assert [i["id"] for i in ok(result)["resources"]] == [ids[0], ids[2]]
    (error,) = result["body"]["errors"]
    assert error["code"] == 404 and error["id"] == ids[1]
    assert refused(desk.intel.get_indicator_entities(ids=ids[1:2]), 404)["id"] == ids[1]


def test_filters(desk):
    def count(**query):
        return ok(desk.intel.query_indicator_ids(**query))["meta"]["pagination"]["total"]

    assert count() == COUNT + 3
    assert count(filter="type:'hash_md5'") == 1 and count(filter="reports.slug:'case-17'") == 2 and count(filter="actors:'bear'") == 2
    assert count(filter="indicator:'d0*.list.example'") == 10 and count(q="LIST.EX") == COUNT and count(q="oade") == 2
    assert count(filter="last_updated:>'now-1h'+published_date:<'2026-01-03'") == 2
    assert "known fields" in refused(desk.intel.query_indicator_ids(filter="nosuch:'x'"), 400)["message"]
    assert "1..10000" in refused(desk.intel.query_indicator_entities(limit=10001), 400)["message"]
    assert "cannot sort" in refused(desk.intel.query_indicator_entities(sort="actors.asc"), 400)["message"]


def test_incremental(server):
    """A reader that remembers the last marker gets what changed, and what was deleted."""
    desk = Desk(server)
    desk.take("a.example\nb.example\nc.example\n", "one")

    def news(marker):
        found = ok(desk.intel.query_indicator_entities(filter=f"_marker:>'{marker}'", include_deleted=True))["resources"]
        return [("-" if i["deleted"] else "") + i["indicator"][0] for i in found], (found[-1]["_marker"] if found else marker)

    first, marker = news("1000000000")
    assert first == ["a", "b", "c"]
    desk.take("a.example\nb.example\nc.example\n", "one")
    assert news(marker) == ([], marker), "what is imported again stays as it is"
    desk.take("indicator,malware_families\nb.example,Loader\na.example,\n", "one", complete="true")
    changed, marker = news(marker)
    assert changed == ["b", "-c"]
    desk.take("c.example\n", "two")
    assert news(marker)[0] == ["c"], "another feed brings it back"
