"""Quarantine records of a small company, and what a server must make of them.

REPORTS is what hosts report. Expectations are computed from it by plain Python,
so that no answer of the server is ever its own proof."""
import datetime
import hashlib

# Content that hosts report with its bytes; harmless, and found nowhere else.
FILES = [b"quarantined content number %d, quarantine-marker-%d\n" % (n, n) for n in range(4)]

_HOSTS = ["ws-finance-01", "WS-Finance-02", "srv-web-01", "laptop-anna", "mac-design"]
_USERS = ["anna", "Bob", "CORP\\svc-backup", ""]
_COUNTRIES = ["DE", "US", "DE", "FR", ""]
_START = datetime.datetime(2025, 3, 1, 5, 30, tzinfo=datetime.timezone.utc)


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def aid(host):
    return hashlib.md5(host.encode()).hexdigest()


def _report(n):
    host, user = _HOSTS[int("0011231402"[n % 10])], _USERS[n // 3 % 4]
    home = user.lower().rpartition("\\")[2] or "nobody"
    folder = f"C:\\Users\\{home}\\Downloads\\" if n % 2 else f"/home/{home}/downloads/"
    report = {
        "aid": aid(host), "hostname": host, "username": user,
        "sha256": hashlib.sha256(FILES[n] if n < len(FILES) else b"reported without bytes %d" % n).hexdigest(),
        "date_created": stamp(_START + n * datetime.timedelta(hours=7, minutes=13)),
        "paths": [{"path": f"{folder}invoice {n}.exe"}] + ([{"path": f"/tmp/copy-{n}.bin", "filename": f"copy-{n}.bin"}] if n % 5 == 0 else []),
        "detect_ids": [f"ldt:{aid(host)}:{n}"], "alert_ids": [f"alert-{n}"] if n % 4 == 0 else [],
        "country": _COUNTRIES[_HOSTS.index(host)],
        "behaviors": [{"behavior_id": str(100 + n % 3), "ioc_type": "sha256" if n % 2 else "domain", "ioc_value": f"value{n % 6}.example",
                       "tree_root_hash": f"{n % 4:064x}"}],
        "first_behavior": stamp(_START + n * datetime.timedelta(hours=7)), "last_behavior": stamp(_START + n * datetime.timedelta(hours=7, minutes=12)),
        "primary_module": n % 3 == 0, "extracted": n % 8 == 0, "is_on_removable_disk": n == 5,
    }
    if n % 7:
        report |= {"max_severity": n * 13 % 101, "max_confidence": 100 - n}
    if n % 2 == 0:
        report["adversary_id"] = f"adversary {n % 3}"
    return report


REPORTS = [_report(n) for n in range(40)]


def record_id(report):
    return f"{report['aid']}_{report['sha256']}"


def filename(path):
    return path.get("filename") or path["path"].replace("\\", "/").rsplit("/", 1)[-1]


def record(report, cid, state="quarantined"):
    """The record as upstream shows it, but for date_updated, which is the server's."""
    return {
        "id": record_id(report), "aid": report["aid"], "cid": cid, "sha256": report["sha256"], "state": state,
        "hostname": report["hostname"], "username": report["username"], "date_created": report["date_created"],
        "paths": [{"filename": filename(p), "path": p["path"], "state": state, "reason": 0} for p in report["paths"]],
        "detect_ids": report["detect_ids"], "alert_ids": report["alert_ids"], "extracted": report["extracted"],
        "primary_module": report["primary_module"], "is_on_removable_disk": report["is_on_removable_disk"],
        "release_path_for_removable_media": "", "sandbox_report_id": "", "sandbox_report_state": "",
    }
