"""Parameters not at their default, waiting for a restart, or changed since the last look."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.sql import GRANTS, TRIED_ON, Reach, Setting, Settings, Sql, limited


@dataclass(frozen=True, slots=True)
class Facts:
    settings: Settings


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """`expected`: agreed values by name, written as the server writes them; limits count parameters."""

    expected: Mapping[str, str] = field(default_factory=dict)
    pending: Upper = Upper(1, None)
    changed: Upper = Upper(1, None)


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.settings(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.settings
    yield Reading("not_default", len(found.items), Unit.COUNT, State.OK)
    yield limited("pending_restart", len(found.pending), Unit.COUNT, params.pending, "restart_needed")
    for name in found.pending:
        yield Reading(f"{name}:pending_restart", None, Unit.NONE, State.OK)
    if found.changed is not None:
        yield limited("changed_settings", len(found.changed), Unit.COUNT, params.changed, "changed_since")
        for name in found.changed:
            yield Reading(f"{name}:changed_settings", None, Unit.NONE, State.OK)
    held = {one.name: one for one in found.items}
    for name, wanted in sorted(params.expected.items()):
        yield _agreed(name, wanted, held.get(name))


def _agreed(name: str, wanted: str, found: Setting | None) -> Reading:
    label = f"{name}:setting"
    if found is None:
        # At its default, whatever that is on this version: not the value that was agreed and set.
        return Reading(label, None, Unit.NONE, State.CRIT, "at_default")
    state = State.OK if found.value == wanted else State.CRIT
    return Reading(label, None, Unit.NONE, state, "" if state is State.OK else "other_value")


CHECK = Check(
    id="database.settings",
    version=1,
    title="数据库参数",
    title_en="Database parameters",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-34",),
    needs=(*GRANTS, TRIED_ON),
)
