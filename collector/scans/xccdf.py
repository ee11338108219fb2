"""Results of OpenSCAP: XCCDF. Rules that do not apply were not examined."""

from datetime import tzinfo
from xml.etree.ElementTree import Element

from collector.scans import severity, times
from collector.scans.model import Finding, Scan, ScanError, Severity, short
from collector.scans.safe_xml import text

_LOOKED = ("pass", "fail", "fixed")


def read(root: Element, zone: tzinfo) -> Scan:
    """The scan in the newest TestResult of a document."""
    found = [root] if root.tag == "TestResult" else list(root.iter("TestResult"))
    if not found:
        raise ScanError("garbled", "no TestResult in it: a list of rules is no result")
    result = found[-1]
    titles = {rule.get("id"): text(rule, "title") for rule in root.iter("Rule")}
    host = short(text(result, "target"))
    rules = [(one, text(one, "result")) for one in result.iterfind("rule-result")]
    profile = result.find("profile")
    return Scan(
        tool="openscap",
        version=short(result.get("test-system")),
        scope=tuple(part for part in (host,) if part),
        examined=(host or "-",) if any(word in _LOOKED for _, word in rules) else (),
        begun=times.instant(result.get("start-time"), zone),
        ended=times.instant(result.get("end-time"), zone),
        findings=tuple(
            Finding(
                id=short(rule.get("idref")),
                host=host,
                place="",
                title=short(titles.get(rule.get("idref")) or rule.get("idref")),
                severity=_grade(rule),
            )
            for rule, word in rules
            if word == "fail"
        ),
        settings=short(profile.get("idref") if profile is not None else ""),
    )


def _grade(rule: Element) -> Severity:
    return severity.word(rule.get("severity"))
