"""What the collector's tables and a bundle both give to a ground, made the same way. Pure."""

from collections.abc import Iterable, Sequence

from collector.faults.ground import Later, Report
from collector.judging.ground import Applied
from collector.judging.scope import Scope

IMPORTED = "E"


def later(reports: Sequence[tuple[Report, tuple[str, ...]]], newest: Applied | None) -> Later | None:
    """Where the newest estate places hosts that those of the window do not know."""
    if newest is None or newest.terms.scope is None:
        return None
    return Later(newest.idx, newest.terms.scope, hosts(reports, newest.terms.scope))


def hosts(reports: Iterable[tuple[Report, tuple[str, ...]]], scope: Scope) -> dict[str, str]:
    """What scanners call a host -> asset: by its id or name; else the only system that a report is about."""
    made = {one.name: one.id for one in scope.assets if one.name} | {one.id: one.id for one in scope.assets}
    systems = {one.id: one.system for one in scope.assets if one.system}
    for report, assets in reports:
        about = {systems[name] for name in assets if name in systems}
        if len(assets) == 1 or len(about) == 1:
            to = assets[0] if len(assets) == 1 else next(iter(about))
            for finding in report.imported.scan.findings:
                made.setdefault(finding.host, str(to))
    return made
