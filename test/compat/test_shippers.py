"""Programs that ship logs to Elasticsearch ship to the server unchanged: rsyslog
as Debian packages it, and the official client in the ways programs use it."""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from elasticsearch import AuthenticationException, Elasticsearch, helpers
from falconpy import Iocs

from conftest import Customer

SCOPES = ("iocs:read", "ingest:write")


@pytest.fixture
def company(server):
    made = Customer(server, SCOPES)
    made.iocs = Iocs(**made.credentials)
    return made


def asked(host, second, name):
    """What a sensor tells of a name lookup."""
    return {"event_simpleName": "DnsRequest", "aid": f"{host:032x}", "timestamp": str(1772366400000 + second * 1000),
            "ContextProcessId": str(second + 1), "DomainName": name}


def ecs(host, second, name):
    """The same, as Beats write it."""
    return {"@timestamp": f"2026-03-01T12:00:{second:02d}.000Z", "host": {"id": f"{host:032x}", "name": f"ws-{host}"}, "ecs": {"version": "8.11.0"},
            "event": {"category": ["network"], "type": ["protocol"]}, "process": {"entity_id": f"p{second}", "pid": 7}, "dns": {"question": {"name": name}}}


def counted(company, name):
    """How often each host was seen to ask for a name."""
    rows = company.send("GET", "/mews/combined/sightings/v1", params={"type": "domain", "value": name, "limit": 5000})
    return {row["device_id"]: row["count"] for row in rows}


LOGINS = {
    "basic": lambda c: {"basic_auth": (c["client_id"], c["client_secret"])},
    "api key": lambda c: {"api_key": (c["client_id"], c["client_secret"])},
}


def client(server, company, login="basic", **more):
    return Elasticsearch(server.base_url + "/elastic", ca_certs=server.ca, **LOGINS[login](company.credentials), **more)


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("packed", [False, True])
def test_official_client(server, company, login, packed):
    es = client(server, company, login, http_compress=packed)
    assert es.ping() and es.info()["tagline"] == "You Know, for Search"
    name = f"{login.replace(' ', '-')}-{packed}.example"
    events = [asked(n % 3 + 1, n, name) for n in range(50)] + [ecs(9, n, name) for n in range(10)]
    done, failed = helpers.bulk(es, ({"_index": "sensors", "_op_type": "create", "_source": e} for e in events), chunk_size=16)
    assert (done, failed) == (60, [])
    seen = counted(company, name)
    assert {host: n for host, n in seen.items() if int(host, 16) < 9} == {f"{1:032x}": 17, f"{2:032x}": 17, f"{3:032x}": 16}
    assert sum(seen.values()) == 60 and len(seen) == 4


def test_each_document_has_its_outcome(server, company):
    es = client(server, company)
    documents = [asked(1, n, "each.example") for n in range(6)]
    documents[2]["timestamp"] = "yesterday"
    del documents[4]["aid"]
    outcomes = [ok for ok, _ in helpers.streaming_bulk(es, ({"_index": "sensors", **d} for d in documents), raise_on_error=False)]
    assert outcomes == [True, True, False, True, False, True]
    assert counted(company, "each.example") == {f"{1:032x}": 4}
    with pytest.raises(helpers.BulkIndexError) as refused:
        helpers.bulk(es, [{"_index": "sensors", **documents[2]}])
    assert refused.value.errors[0]["index"]["status"] == 400 and refused.value.errors[0]["index"]["error"]["reason"]


def test_repeated_call(server, company):
    """A shipper that got no answer sends the same again."""
    es = client(server, company)
    operations = [line for n in range(20) for line in ({"create": {"_index": "sensors"}}, asked(1, n, "again.example"))]
    for _ in range(3):
        assert es.bulk(operations=operations)["errors"] is False
    assert counted(company, "again.example") == {f"{1:032x}": 20}


def test_wrong_secret(server, company):
    es = Elasticsearch(server.base_url + "/elastic", ca_certs=server.ca, basic_auth=(company.credentials["client_id"], "wrong"))
    with pytest.raises(AuthenticationException):
        es.info()


RSYSLOG = """
global(workDirectory="{folder}")
module(load="imfile")
module(load="omelasticsearch")
template(name="line" type="string" string="%msg%")
input(type="imfile" file="{log}" tag="sensor" ruleset="ship")
ruleset(name="ship") {{
  action(type="omelasticsearch" server="{url}" tls.cacert="{ca}" uid="{client_id}" pwd="{client_secret}"
         searchIndex="sensors" searchType="" bulkmode="on" template="line" errorfile="{errors}"
         action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="linkedList" queue.dequeueBatchSize="100")
}}
"""


@pytest.mark.skipif(not shutil.which("rsyslogd"), reason="needs rsyslogd (Debian: rsyslog, rsyslog-elasticsearch)")
def test_rsyslog(server, company, tmp_path):
    log, errors, conf = tmp_path / "sensor.log", tmp_path / "errors", tmp_path / "rsyslog.conf"
    events = [asked(n % 4 + 1, n, "rsyslog.example") for n in range(1000)]
    log.write_text("".join(json.dumps(e) + "\n" for e in events[:600]) + "this is no event\n", encoding="utf-8")
    conf.write_text(RSYSLOG.format(folder=tmp_path, log=log, url=server.base_url + "/elastic", ca=server.ca, errors=errors, **company.credentials),
                    encoding="utf-8")
    with open(tmp_path / "rsyslogd.log", "w+", encoding="utf-8") as told:
        daemon = subprocess.Popen([shutil.which("rsyslogd"), "-n", "-f", str(conf), "-i", str(tmp_path / "pid")], stdout=told, stderr=told)
        try:
            await_(lambda: sum(counted(company, "rsyslog.example").values()) >= 600, tmp_path)
            with open(log, "a", encoding="utf-8") as more:
                more.writelines(json.dumps(e) + "\n" for e in events[600:])
            await_(lambda: sum(counted(company, "rsyslog.example").values()) >= 1000 and errors.exists() and errors.stat().st_size, tmp_path)
        finally:
            os.kill(daemon.pid, signal.SIGTERM)
            daemon.wait(timeout=30)
    assert counted(company, "rsyslog.example") == {f"{n:032x}": 250 for n in range(1, 5)}
    assert "this is no event" in errors.read_text(encoding="utf-8")


def await_(condition, folder):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("not within 30 s; rsyslogd says:\n" + (folder / "rsyslogd.log").read_text(encoding="utf-8"))
