"""Reports of Qualys: the XML of a scan and of an asset data report; its CSV is read by `tables`.

Qualys' levels 5 to 1 count as critical, high, medium, low, info.
"""

from collections.abc import Iterator
from datetime import tzinfo
from xml.etree.ElementTree import Element

from collector.scans import severity, times
from collector.scans.model import Finding, Scan, Severity, short
from collector.scans.safe_xml import text

LEVELS = dict(
    zip(
        "12345", (Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL), strict=True
    )
)
# element of a scan -> what one finding in it is called
_PARTS = {"VULNS": "VULN", "PRACTICES": "PRACTICE", "INFOS": "INFO", "SERVICES": "SERVICE"}


def read_scan(root: Element, zone: tzinfo) -> Scan:
    """The scan in a SCAN document."""
    keys = {one.get("value", ""): (one.text or "").strip() for one in root.iterfind("HEADER/KEY")}
    hosts = root.findall("IP")
    return Scan(
        tool="qualys",
        version=short(keys.get("SCAN_HOST") or keys.get("VERSION")),
        scope=tuple(short(one) for one in keys.get("TARGET", "").split(",") if one.strip()),
        examined=tuple(short(host.get("value")) for host in hosts),
        begun=times.instant(keys.get("DATE"), zone),
        ended=None,
        findings=tuple(one for host in hosts for one in _of_host(host)),
        complete=keys.get("STATUS", "").upper() == "FINISHED",
        settings=short(text(root, "HEADER/OPTION_PROFILE/OPTION_PROFILE_TITLE")),
    )


def _of_host(host: Element) -> Iterator[Finding]:
    for part, name in _PARTS.items():
        for category in host.iterfind(f"{part}/CAT"):
            for found in category.iterfind(name):
                port = category.get("port")
                yield Finding(
                    id=short(found.get("number")),
                    host=short(host.get("value")),
                    place=short(f"{port}/{category.get('protocol', '')}") if port else "",
                    title=short(text(found, "TITLE")),
                    severity=Severity.INFO
                    if part in ("INFOS", "SERVICES")
                    else severity.level(found.get("severity"), LEVELS),
                )


def read_assets(root: Element, zone: tzinfo) -> Scan:
    """The scan in an ASSET_DATA_REPORT document."""
    known = {text(one, "QID"): one for one in root.iterfind("GLOSSARY/VULN_DETAILS_LIST/VULN_DETAILS")}
    hosts = root.findall("HOST_LIST/HOST")
    asked = root.findall("HEADER/TARGET/USER_IP_LIST/RANGE")
    return Scan(
        tool="qualys",
        version=short(text(root, "HEADER/VERSION")),
        scope=tuple(short(f"{text(one, 'START')}-{text(one, 'END')}") for one in asked),
        examined=tuple(short(text(host, "IP")) for host in hosts),
        begun=None,
        ended=times.instant(text(root, "HEADER/GENERATION_DATETIME"), zone),
        findings=tuple(
            _of_report(text(host, "IP"), one, known, zone)
            for host in hosts
            for one in host.iterfind("VULN_INFO_LIST/VULN_INFO")
            if text(one, "VULN_STATUS").lower() != "fixed"
        ),
        settings=short(text(root, "HEADER/TEMPLATE")),
    )


def _of_report(host: str, one: Element, known: dict[str, Element], zone: tzinfo) -> Finding:
    identity = text(one, "QID")
    about = known.get(identity)
    port = text(one, "PORT")
    return Finding(
        id=short(identity),
        host=short(host),
        place=short(f"{port}/{text(one, 'PROTOCOL')}") if port else "",
        title=short(text(about, "TITLE")) or short(identity),
        severity=Severity.INFO
        if text(one, "TYPE").lower() == "ig"
        else severity.level(text(about, "SEVERITY"), LEVELS),
        first_seen=times.instant(text(one, "FIRST_FOUND"), zone),
        mitigated=text(one, "VULN_STATUS").lower() == "ignored",
    )
