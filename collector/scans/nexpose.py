"""Reports of Nexpose: XML export 2.0. Its levels 8-10 count as critical, 4-7 as high, 1-3 as medium."""

from collections.abc import Iterator
from datetime import tzinfo
from xml.etree.ElementTree import Element

from collector.scans import times
from collector.scans.model import Finding, Scan, Severity, short

_FOUND = ("vulnerable-exploited", "vulnerable-version", "potential")
_ACCEPTED = tuple(f"exception-{word}" for word in ("vulnerable-exploited", "vulnerable-version", "potential"))
_NOT_FINISHED = ("running", "paused", "stopped", "error", "aborted", "dispatched")


def read(root: Element, zone: tzinfo) -> Scan:
    """The scan in a NexposeReport document."""
    scans = root.findall("scans/scan")
    nodes = [node for node in root.iterfind("nodes/node") if node.get("status") == "alive"]
    known = {
        one.get("id", "").lower(): one for one in root.iterfind("VulnerabilityDefinitions/vulnerability")
    }
    begun = [ms for one in scans if (ms := times.instant(one.get("startTime"), zone))]
    ended = [ms for one in scans if (ms := times.instant(one.get("endTime"), zone))]
    return Scan(
        tool="nexpose",
        version=short(root.get("version")),
        scope=tuple(short(one.get("name")) for one in scans if one.get("name")),
        examined=tuple(short(node.get("address")) for node in nodes),
        begun=min(begun, default=None),
        ended=max(ended, default=None),
        findings=tuple(one for node in nodes for one in _findings(node, known)),
        complete=bool(scans) and not any(one.get("status", "").lower() in _NOT_FINISHED for one in scans),
    )


def _findings(node: Element, known: dict[str, Element]) -> Iterator[Finding]:
    address = short(node.get("address"))
    for test in node.iterfind("tests/test"):
        yield from _test(test, address, "", known)
    for endpoint in node.iterfind("endpoints/endpoint"):
        place = short(f"{endpoint.get('port')}/{endpoint.get('protocol')}")
        for test in endpoint.iterfind("services/service/tests/test"):
            yield from _test(test, address, place, known)


def _test(test: Element, address: str, place: str, known: dict[str, Element]) -> Iterator[Finding]:
    status = test.get("status", "")
    if status not in (*_FOUND, *_ACCEPTED):
        return
    identity = short(test.get("id"))
    about = known.get(identity.lower())
    title = short(about.get("title")) if about is not None else identity
    grade = _grade(about.get("severity", "")) if about is not None else Severity.UNKNOWN
    yield Finding(identity, address, place, title, grade, mitigated=status in _ACCEPTED)


def _grade(text: str) -> Severity:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10):
        return Severity.UNKNOWN
    level = int(text)
    return Severity.CRITICAL if level >= 8 else Severity.HIGH if level >= 4 else Severity.MEDIUM
