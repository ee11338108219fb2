"""Reports of Trivy: its JSON (schema 2, the bare list before it, and the Kubernetes report)."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from collector.scans import severity, times
from collector.scans.model import Finding, Scan, ScanError, Severity, short

# list of a result -> keys that hold id, title, place
_LISTS = {
    "Vulnerabilities": (("VulnerabilityID",), ("Title",), ("PkgName",)),
    "Misconfigurations": (("AVDID", "ID"), ("Title",), ("Type",)),
    "Secrets": (("RuleID",), ("Title",), ("StartLine",)),
    "Licenses": (("Name",), ("Name",), ("PkgName", "FilePath")),
}
_GONE = ("not_affected",)


def read(whole: Any, zone: tzinfo) -> Scan:
    """The scan in a Trivy document."""
    results = list(_results(whole))
    findings = tuple(one for target, result in results for one in _findings(target, result))
    named = whole if isinstance(whole, dict) else {}
    maker = named.get("Trivy")
    scope = _first(named, ("ArtifactName", "ClusterName"))
    return Scan(
        tool="trivy",
        version=short(_text(maker.get("Version"))) if isinstance(maker, dict) else "",
        scope=(scope,) if scope else (),
        examined=tuple(sorted({target for target, _ in results})),
        begun=None,
        ended=times.instant(_text(named.get("CreatedAt")), zone),
        findings=findings,
    )


def _results(whole: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every result with the name of what it looked at."""
    if whole is None:
        return
    if isinstance(whole, list):
        found = [one for one in _objects(whole) if "Target" in one]
        if whole and not found:
            raise ScanError("unknown_report", "a list, and no report that is known here")
        yield from ((short(_text(one.get("Target"))), one) for one in found)
        return
    if not isinstance(whole, dict):
        raise ScanError("garbled", "a list or an object is wanted")
    yield from ((short(_text(one.get("Target"))), one) for one in _objects(whole.get("Results")))
    for part in ("Resources", "Vulnerabilities", "Misconfigurations"):
        for resource in _objects(whole.get(part)):
            name = "/".join(_text(resource.get(key)) for key in ("Namespace", "Kind", "Name"))
            for one in _objects(resource.get("Results")):
                yield short(f"{name}: {_text(one.get('Target'))}"), one


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _first(item: dict[str, Any], keys: tuple[str, ...]) -> str:
    return short(next((_text(item[key]) for key in keys if item.get(key)), ""))


def _findings(target: str, result: dict[str, Any]) -> Iterator[Finding]:
    for name, (ids, titles, places) in _LISTS.items():
        for item in _objects(result.get(name)):
            status = _text(item.get("Status"))
            if status == "PASS":  # a rule that is kept
                continue
            grade = Severity.UNKNOWN if not item.get("Severity") else severity.word(_text(item["Severity"]))
            yield Finding(
                id=_first(item, ids),
                host=target,
                place=_first(item, places),
                title=_first(item, titles) or _first(item, ids),
                severity=grade,
                # "fixed" of Trivy means that a newer package exists, not that it is installed.
                mitigated=status in _GONE or status == "EXCEPTION",
            )
