"""Reports of Nessus: the XML of `.nessus` files, version 2."""

import re
from datetime import tzinfo
from xml.etree.ElementTree import Element

from collector.scans import severity, times
from collector.scans.model import Finding, Scan, Severity, short
from collector.scans.safe_xml import text

_LEVELS = dict(
    zip(
        "01234", (Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL), strict=True
    )
)
_VERSION = re.compile(r"Nessus version\s*:\s*([\w.]+)")
_INFORMATION = "19506"  # the plugin that says how the scan was made


def read(root: Element, zone: tzinfo) -> Scan:
    """The scan in a NessusClientData_v2 document."""
    hosts = root.findall("Report/ReportHost")
    findings = tuple(_finding(host, item) for host in hosts for item in host.iterfind("ReportItem"))
    marks = [_properties(host) for host in hosts]
    begun = [ms for one in marks if (ms := times.instant(one.get("HOST_START"), zone))]
    ends = [times.instant(one.get("HOST_END"), zone) for one in marks]
    report = root.find("Report")
    preferences = {text(one, "name"): text(one, "value") for one in root.iterfind(".//preference")}
    said = next((_output(host) for host in hosts if _output(host)), "")
    version = _VERSION.search(said)
    return Scan(
        tool="nessus",
        version=version.group(1) if version else "",
        scope=_scope(report, preferences),
        examined=tuple(short(host.get("name")) for host in hosts if host.find("ReportItem") is not None),
        begun=min(begun, default=None),
        ended=max((ms for ms in ends if ms), default=None),
        findings=findings,
        # A host whose scan was cut off has no end.
        complete=bool(hosts) and all(ms is not None for ms in ends),
        settings=short(text(root, "Policy/policyName")),
    )


def _scope(report: Element | None, preferences: dict[str, str]) -> tuple[str, ...]:
    name = short(report.get("name") if report is not None else "")
    targets = [short(one) for one in preferences.get("TARGET", "").split(",") if one.strip()]
    return tuple(part for part in (name, *targets) if part)


def _properties(host: Element) -> dict[str, str]:
    return {tag.get("name", ""): (tag.text or "").strip() for tag in host.iterfind("HostProperties/tag")}


def _output(host: Element) -> str:
    for item in host.iterfind("ReportItem"):
        if item.get("pluginID") == _INFORMATION:
            return text(item, "plugin_output")
    return ""


def _finding(host: Element, item: Element) -> Finding:
    port = item.get("port", "0")
    return Finding(
        id=short(item.get("pluginID")),
        host=short(host.get("name")),
        place=short(f"{port}/{item.get('protocol', '')}") if port != "0" else "",
        title=short(item.get("pluginName") or text(item, "plugin_name")),
        severity=severity.level(item.get("severity"), _LEVELS),
    )
