"""Versions of judging that the log's records name: they only rise, so an older program logs none of its own.

What an older program makes of the same entries may be another thing, and the verifier takes it for an attempt
not to be checked (docs/verifier.md, Versions of judging).
"""

from collections.abc import Callable
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from checks.wire import entry, strict_json
from checks.wire.numbers import EntryKind
from collector.context import Context
from collector.judging.judge import NoScorecard
from collector.judging.version import UNNAMED, Named, named
from collector.store import evidence, packs

_NONE: Named = (UNNAMED, -1)
_READ: WeakKeyDictionary[Context, tuple[int, Named]] = WeakKeyDictionary()
"""So far the records of a log were read, and the highest version they name with its first entry."""


def highest(context: Context) -> tuple[int, Named]:
    """How much of the log was read, and the highest version that its records name; each is read once."""
    with context.read() as conn:
        size = evidence.size(conn)
        begin, held = _READ.get(context, (0, _NONE))
        _READ[context] = size, max(held, _named(conn, begin), key=lambda one: one[0])
        return _READ[context]


def _named(conn: Connection, begin: int) -> Named:
    found = _NONE
    for row in evidence.of_kinds(conn, [int(EntryKind.RECORD)], begin):
        version = named(strict_json.loads(entry.parse(packs.data_of(conn, row)).header))
        if version > found[0]:
            found = version, row.idx
    return found


def guard(context: Context, version: int) -> Callable[[Connection], None]:
    """Refuses (NoScorecard) to log what an older version than one in the log has judged."""
    size, known = highest(context)

    def refuse(conn: Connection) -> None:
        above, idx = max(known, _named(conn, size), key=lambda one: one[0])
        if version < above:
            raise NoScorecard(
                "older_judging",
                f"this program judges by version {version}, entry {idx} of the log names version {above}: "
                "an older program logs nothing that it judged; install the newer one again",
            )

    return refuse
