"""The operations of vulnerabilities, in each way that FalconPy has to call them,
over reports of scanners."""
import json

import pytest
from falconpy import SpotlightVulnerabilities

from conftest import Customer, ok, refused

COUNT = 950
SEVERITIES = ["LOW", "MEDIUM", "HIGH", "CRITICAL"]


def report(count, artifact="/", severity=lambda n: SEVERITIES[n % 4]):
    """What Trivy writes of a machine with so many vulnerabilities."""
    return json.dumps({
        "SchemaVersion": 2, "ArtifactName": artifact, "ArtifactType": "filesystem",
        "Metadata": {"OS": {"Family": "debian", "Name": "12.5"}},
        "Results": [{"Target": "db01 (debian 12.5)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [
            {"VulnerabilityID": f"CVE-2024-{n:04}", "PkgName": f"package-{n % 7}", "InstalledVersion": "1.0", "FixedVersion": "1.1",
             "Severity": severity(n), "Title": f"flaw {n}", "CVSS": {"nvd": {"V3Score": 4.5, "V3Vector": "CVSS:3.1/AV:N"}}}
            for n in range(count)]}],
    })


def take_in(customer, text, **about):
    query = "&".join(f"{name}={value}" for name, value in about.items())
    (scan,) = customer.send("POST", f"/ingest/v1/vulnerabilities?{query}", data=text, headers={"Content-Type": "application/json"})
    return scan


@pytest.fixture(scope="module")
def company(server):
    """A customer with vulnerabilities on two hosts, which no test of this module changes."""
    made = Customer(server, ("ingest:write", "spotlight-vulnerabilities:read", "devices:read"))
    made.scan = take_in(made, report(COUNT), hostname="db01")
    take_in(made, report(3, artifact="shop:1"), hostname="web01", scope="shop")
    made.closed = take_in(made, report(2, artifact="shop:2"), hostname="web01", scope="shop")
    made.spotlight = SpotlightVulnerabilities(**made.credentials)
    return made


PEP8 = {
    "queryVulnerabilities": "query_vulnerabilities", "combinedQueryVulnerabilities": "query_vulnerabilities_combined",
    "getVulnerabilities": "get_vulnerabilities",
}


@pytest.fixture(params=["pep8", "operation id", "uber"])
def call(request, company):
    """A way to call an operation by its id with keywords."""
    return {
        "pep8": lambda op, **keywords: getattr(company.spotlight, PEP8[op])(**keywords),
        "operation id": lambda op, **keywords: getattr(company.spotlight, op)(**keywords),
        "uber": lambda op, **keywords: company.uber.command(op, **keywords),
    }[request.param]


def test_scans(company):
    assert company.scan["opened"] == COUNT and company.scan["scope"] == "/" and company.scan["hostname"] == "db01"
    assert company.closed["closed"] == 1 and company.closed["unchanged"] == 2


def test_query(call, company):
    found, after, pages = [], None, 0
    while after != "":
        body = ok(call("queryVulnerabilities", filter="cve.severity:['HIGH','CRITICAL']+host_info.hostname:'db01'", limit=200, after=after))
        paging = body["meta"]["pagination"]
        assert paging["limit"] == 200 and paging["total"] == len([n for n in range(COUNT) if n % 4 > 1])
        found, after, pages = found + body["resources"], paging["after"], pages + 1
    assert pages == 3 and len(set(found)) == paging["total"]
    assert all(one.startswith(company.scan["aid"] + "_") for one in found)


def test_query_mistakes(call):
    assert "filter" in refused(call("queryVulnerabilities", filter="*"), 400)["message"]
    assert "1..400" in refused(call("queryVulnerabilities", filter="status:'open'", limit=401), 400)["message"]
    assert "at 1" in refused(call("queryVulnerabilities", filter="nosuch:'x'"), 400)["message"]
    refused(call("queryVulnerabilities", filter="status:'open'", after="nonsense"), 400)


def test_combined(call):
    flaws = ok(call("combinedQueryVulnerabilities", filter="status:'closed'", facet=["cve", "host_info", "remediation"]))["resources"]
    assert len(flaws) == 1
    (flaw,) = flaws
    assert flaw["cve"]["id"] == "CVE-2024-0002" and flaw["cve"]["severity"] == "HIGH" and flaw["cve"]["base_score"] == 4.5
    assert flaw["host_info"]["hostname"] == "web01" and flaw["host_info"]["os_version"] == "debian 12.5"
    assert flaw["apps"][0]["product_name_version"] == "package-2 1.0" and flaw["closed_timestamp"]
    assert flaw["remediation"]["entities"][0]["action"] == "Update package-2 to 1.1"
    assert flaw["suppression_info"] == {"is_suppressed": False}


def test_combined_without_facets(call):
    body = ok(call("combinedQueryVulnerabilities", filter="status:'open'", sort="cve.id|desc", limit=2))
    assert [flaw["cve"]["id"] for flaw in body["resources"]] == [f"CVE-2024-0{COUNT - 1}", f"CVE-2024-0{COUNT - 2}"]
    assert all("host_info" not in flaw and "severity" not in flaw["cve"] for flaw in body["resources"])
    assert body["meta"]["pagination"]["after"] != "" and body["meta"]["pagination"]["total"] == COUNT + 2


def test_get(call):
    ids = ok(call("queryVulnerabilities", filter="status:'open'", limit=400))["resources"]
    body = ok(call("getVulnerabilities", ids=ids))
    assert [flaw["id"] for flaw in body["resources"]] == ids
    result = call("getVulnerabilities", ids=[ids[0], "x"])
    assert len(ok(result)["resources"]) == 1 and result["body"]["errors"][0]["id"] == "x"
    refused(call("getVulnerabilities", ids="x"), 404)


def test_other_spotlight_routes(company):
    """Routes that are not served answer 400: FalconPy's own tests accept no 404."""
    for op, keywords in (("getRemediationsV2", {"ids": "x"}), ("combinedQueryInstalledPatches", {"filter": "x:'y'"})):
        result = company.uber.command(op, **keywords)
        assert result["status_code"] in (400, 418), result  # 418: this FalconPy does not know the operation


def test_scope(server, company):
    other = SpotlightVulnerabilities(**server.new_client("devices:read", cid=company.cid))
    assert refused(other.query_vulnerabilities(filter="status:'open'"), 403)["message"] == "access denied, authorization failed"
