"""Reports of Lynis: its report.dat. Warnings count as medium, suggestions as low: Lynis has no severities."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import tzinfo

from collector.scans import times
from collector.scans.model import Finding, Scan, Severity, short

_GRADES = {
    "vulnerable_package[]": Severity.HIGH,
    "warning[]": Severity.MEDIUM,
    "suggestion[]": Severity.LOW,
}


def read(text: str, zone: tzinfo) -> Scan:
    """The scan in a report; its host is examined if any test was executed."""
    lines: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        key, mark, value = line.partition("=")
        if mark and not key.startswith("#"):
            lines[key.strip()].append(value.strip())
    one = {key: values[-1] for key, values in lines.items()}
    host = short(one.get("hostname"))
    executed = [test for test in one.get("tests_executed", "").split("|") if test.strip()]
    return Scan(
        tool="lynis",
        version=short(one.get("lynis_version")),
        scope=(host,) if host else (),
        examined=(host or "-",) if executed else (),
        begun=times.instant(one.get("report_datetime_start"), zone),
        ended=times.instant(one.get("report_datetime_end"), zone),
        findings=tuple(_findings(lines, host)),
        complete=one.get("finish") == "true",
        settings=short(f"{one.get('test_category', '')}/{one.get('test_group', '')}: {len(executed)} tests"),
    )


def _findings(lines: dict[str, list[str]], host: str) -> Iterator[Finding]:
    for key, grade in _GRADES.items():
        for value in lines.get(key, ()):
            parts = [*value.split("|"), "", "", ""]
            detail = parts[2] if parts[2] != "-" else ""
            # Several suggestions share the id of their test: the words tell them apart.
            yield Finding(
                short(parts[0]), host, short(detail or parts[1]), short(parts[1] or parts[0]), grade
            )
