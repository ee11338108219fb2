"""How configuration files are judged: against what was approved, and whether anybody may change them."""

from collections.abc import Iterator, Mapping, Sequence

from checks.api import Reading, State, Unit
from checks.approved import MOST_LISTED, compare, mark
from checks.hardening import FileState

_OTHERS_WRITE = 0o002


def judge_files(found: Sequence[FileState], approved: Mapping[str, str] | None) -> Iterator[Reading]:
    """`files`, `open_to_all` (counts), then the baseline's; a file that cannot be read is unknown."""
    files = [one for one in found if one.trouble != "missing"]
    state = State.OK if files else State.UNKNOWN
    yield Reading("files", len(files), Unit.COUNT, state, "" if files else "missing")
    opened = [one for one in files if not one.trouble and one.mode & _OTHERS_WRITE]
    yield Reading(
        "open_to_all",
        len(opened),
        Unit.COUNT,
        State.CRIT if opened else State.OK,
        "open_to_all" if opened else "",
    )
    for one in opened[:MOST_LISTED]:
        yield Reading(f"{one.path}:open_to_all", None, Unit.NONE, State.CRIT, "open_to_all")
    shut = {one.path: one.trouble for one in files if one.trouble}
    for path in sorted(shut)[:MOST_LISTED]:
        yield Reading(path, None, Unit.NONE, State.UNKNOWN, shut[path])
    if approved is not None and shut:
        # Whether it has changed nobody can say: it has its own reading already.
        approved = {path: marked for path, marked in approved.items() if path not in shut}
    yield from compare(approved, marks(found))


def marks(found: Sequence[FileState]) -> dict[str, str]:
    """A baseline that these files would meet, for a person to approve."""
    return {one.path: mark(one.sha256, one.mode, one.owner) for one in found if not one.trouble}
