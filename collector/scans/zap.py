"""Reports of ZAP: its XML and its JSON."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any
from xml.etree.ElementTree import Element

from collector.scans import severity, times
from collector.scans.model import Finding, Scan, Severity, short
from collector.scans.safe_xml import text

_LEVELS = {"0": Severity.INFO, "1": Severity.LOW, "2": Severity.MEDIUM, "3": Severity.HIGH}
_FALSE = "0"  # confidence: somebody marked it as a false positive


def read_xml(root: Element, zone: tzinfo) -> Scan:
    """The scan in an OWASPZAPReport document."""
    sites = root.findall("site")
    findings = tuple(
        _finding(site.get("name"), site.get("port"), lambda key, one=alert: text(one, key))
        for site in sites
        for alert in site.iterfind("alerts/alertitem")
    )
    names = tuple(short(site.get("name")) for site in sites)
    return _scan(root.get("version"), root.get("generated"), names, findings, zone)


def read_json(whole: dict[str, Any], zone: tzinfo) -> Scan:
    """The scan in ZAP's traditional JSON report."""
    sites = _objects(whole.get("site"))
    names = tuple(short(site.get("@name")) for site in sites)
    return _scan(whole.get("@version"), whole.get("@generated"), names, tuple(_of_sites(sites)), zone)


def _of_sites(sites: list[dict[str, Any]]) -> Iterator[Finding]:
    for site in sites:
        for alert in _objects(site.get("alerts")):
            yield _finding(site.get("@name"), site.get("@port"), lambda key, one=alert: str(one.get(key, "")))


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _finding(site: object, port: object, say: Any) -> Finding:
    return Finding(
        id=short(say("alertRef") or say("pluginid")),
        host=short(site),
        place=f"{short(port)}/tcp" if port else "",
        title=short(say("name") or say("alert")),
        severity=severity.level(say("riskcode"), _LEVELS),
        mitigated=say("confidence") == _FALSE,
    )


def _scan(
    version: object, generated: object, sites: tuple[str, ...], findings: tuple[Finding, ...], zone: tzinfo
) -> Scan:
    return Scan(
        tool="zap",
        version=short(version).removeprefix("D-"),
        scope=sites,
        examined=sites,
        begun=None,
        ended=times.instant(short(generated), zone),
        findings=findings,
    )
