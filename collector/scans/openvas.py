"""Reports of OpenVAS and Greenbone (GVM): the XML of its report format."""

from datetime import tzinfo
from xml.etree.ElementTree import Element

from collector.scans import severity, times
from collector.scans.model import Finding, Scan, ScanError, Severity, short
from collector.scans.safe_xml import text

# GVM's words; `Alarm` is of versions before 10.
_THREATS = {
    **{word: severity.word(word) for word in ("Critical", "High", "Medium", "Low", "Log")},
    "Debug": Severity.INFO,
    "Alarm": Severity.HIGH,
    "False Positive": Severity.INFO,
}


def read(root: Element, zone: tzinfo) -> Scan:
    """The scan in a GVM report."""
    inner = root.find("report/report") if root.tag != "report" else root.find("report")
    report = inner if inner is not None else root
    if report.find("results") is None:
        raise ScanError("garbled", "a GVM report without results")
    findings = tuple(_finding(one, zone) for one in report.iterfind("results/result"))
    hosts = [text(one, "ip") for one in report.iterfind("host")]
    examined = sorted({host for host in (*hosts, *(one.host for one in findings)) if host})
    scope = text(report, "task/target/name") or text(root, "task/name")
    return Scan(
        tool="openvas",
        version=text(report, "gmp/version"),
        scope=tuple(part for part in (short(text(report, "task/name")), short(scope)) if part),
        examined=tuple(short(host) for host in examined),
        begun=times.instant(text(report, "scan_start") or text(report, "timestamp"), zone),
        ended=times.instant(text(report, "scan_end"), zone),
        findings=findings,
        complete=text(report, "scan_run_status") == "Done",
        settings=short(text(report, "filters/term")),
    )


def _finding(result: Element, zone: tzinfo) -> Finding:
    threat = text(result, "threat")
    nvt = result.find("nvt")
    overridden = "" if threat != "False Positive" else text(result, "original_threat")
    return Finding(
        id=short(nvt.get("oid") if nvt is not None else "") or short(text(result, "name")),
        host=short(text(result, "host")),
        place=short(text(result, "port")),
        title=short(text(result, "nvt/name") or text(result, "name")),
        severity=_grade(overridden or threat, text(result, "severity")),
        first_seen=times.instant(text(result, "creation_time"), zone),
        mitigated=threat == "False Positive",
    )


def _grade(threat: str, score: str) -> Severity:
    """The word decides; where it is left out the score does (a CVSS base score, or -1 for an error)."""
    return _THREATS.get(threat, Severity.UNKNOWN) if threat else severity.cvss(score)
