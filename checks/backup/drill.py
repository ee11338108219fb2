"""Restore drills: a backup is restored into a throwaway instance, read whole, compared, asked questions.

The agent does it (`agent/drills`); here stands what is asked of it and what its result means. `pick` needs
nobody's word: `newest`, `oldest`, `middle` of what stands there, `random` drawn by the agent, `rotating`
these four in turn, one in each period (`every`, of China's calendar) from `since` on; `artefact` names one,
whatever `pick` says. Attempts are counted anew in each period.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.artefacts.basic import judge_stands
from checks.artefacts.fingerprint import Compared, verdict_words
from checks.artefacts.levels import REASONS, UNTOLD, Level, Verdict, bad, good, readings, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.opening import Sealed
from checks.drills import Answer, Drilled, Drilling

PICKS = ("newest", "oldest", "middle", "random", "rotating")
EVERY = ("day", "week", "fortnight", "month", "quarter", "year")
LAYOUTS = ("copy", "increments")
COMPARES = ("exact", "bounded", "sampled", "none")
TREES = ("restic", "borg", "tree", "archive", "file")
LOGICAL = ("postgres", "kingbase", "mariadb")
WITH_ROLES = ("postgres", "kingbase")
LONGEST_S = 31 * 86_400
PLAIN = Sealed()


@dataclass(frozen=True, slots=True)
class Question:
    """What the application would ask. `sql` of a database, `path` of a tree: its answer is that file's
    SHA-256. `expected`: rows joined by newlines, columns by tabs, NULL empty, or that digest."""

    id: str
    sql: str = ""
    path: str = ""
    expected: str = ""

    def __post_init__(self) -> None:
        if not self.id or bool(self.sql) == bool(self.path):
            raise ValueError("a question has an id, and sql or path")


@dataclass(frozen=True, slots=True)
class Known:
    """The source, so that a drill never takes it for its target: `directory` and `socket` of the server's
    data, `address` and `port`, PostgreSQL's `system` identifier, the `database` a fingerprint must name."""

    address: str = ""
    port: int = 0
    directory: str = ""
    socket: str = ""
    system: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`kind` of the artefacts; of one that cannot be drilled nothing can be told. `fingerprint`: its path
    ("": ARTEFACT.fingerprint.json where that is there). `compare`: exact; `bounded` where the source can tell
    no table exactly, only between which counts (all within them is then good); `sampled` asks no more than
    that, for a drill reads all of it; none. `layout`, `manifests` of a tree: as of backup.tree; `increments`
    are restored with all they rest on. `stanza`: of a pgBackRest repository ("": all). `globals`: dump of
    roles; `wal`: archived segments for a base backup. `password`: secret of a repository. `database` that
    questions go to ("": the only one). `restore_within_s`: the agreed time; the drill is ended at `limit_s`,
    and waits `patience_s` while another is under way. `needs_approval`: a restore must be approved, and
    `approval` names who or what did."""

    kind: str = "postgres"
    artefact: str = ""
    pick: str = "newest"
    every: str = "month"
    since: int = 0
    questions: tuple[Question, ...] = ()
    compare: str = "exact"
    fingerprint: str = ""
    layout: str = "copy"
    manifests: str = ""
    stanza: str = ""
    globals: str = ""
    wal: str = ""
    sealed: Sealed = PLAIN
    password: str = ""
    database: str = ""
    source: Known = Known()
    restore_within_s: int = 12 * 3600
    limit_s: int = 13 * 3600
    patience_s: int = 0
    needs_approval: bool = False
    approval: str = ""

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        if self.pick not in PICKS or self.compare not in COMPARES:
            raise ValueError(f"pick is of {PICKS}, compare of {COMPARES}")
        if self.layout not in LAYOUTS:
            raise ValueError(f"layout is of {LAYOUTS}")
        if self.every not in EVERY or self.since < 0:
            raise ValueError(f"every is of {EVERY}, since an instant")
        if not 1 <= self.restore_within_s <= LONGEST_S or not 1 <= self.limit_s <= LONGEST_S:
            raise ValueError("restore_within_s and limit_s from 1 to 31 days")


@dataclass(frozen=True, slots=True)
class Facts:
    """The drill, one at a time; none where there is nothing to restore."""

    artefacts: tuple[Drilled, ...]
    stands: Stands


def observe(backups: Drilling, params: Params) -> Facts:
    drilled, stands = backups.drills().drill(params)
    return Facts((drilled,) if drilled is not None else (), stands)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Levels true, restorable and usable of what was restored; then its times and amounts."""
    if not seen.facts.artefacts:
        yield from _nothing(seen.facts.stands, params)
    for one in seen.facts.artefacts:
        yield from readings(one.base.name, verdicts(one, params))
        yield from _figures(one)


def _nothing(stands: Stands, params: Params) -> Iterator[Reading]:
    """No drill was made: nothing stands there, or not what was to be restored. That others stand there is no
    good word for anything."""
    if not stands.count:
        yield from judge_stands(stands)
    elif params.artefact:
        yield from readings(params.artefact, [bad("missing")])
    else:
        yield Reading("stands", stands.count, Unit.COUNT, State.UNKNOWN, "not_drilled")


def verdicts(one: Drilled, params: Params) -> list[Verdict]:
    """What this drill proves of its artefact."""
    made = [*_place(one, params), *_restored(one, params)]
    if not one.reason:
        made += [*_compared(one, params), *_usable(one, params)]
    return [*made, *_in_time(one, params)]


def _place(one: Drilled, params: Params) -> Iterator[Verdict]:
    """Whether it was a drill at all: approved, cut off, into nothing that is in use."""
    if params.needs_approval and not params.approval:
        yield bad("no_approval")
    if one.target is None:
        if not one.reason:
            yield untold(Level.RESTORABLE, "no_network_cut")  # into what, nobody says
        return
    source = params.source
    if source.system and one.target.system == source.system and params.kind in LOGICAL:
        yield bad("wrong_target", "system")
    if source.directory and overlap(one.target.directory, source.directory):
        yield bad("wrong_target", "directory")
    if set(one.target.interfaces) - {"lo"} or not one.target.refused:
        yield untold(Level.RESTORABLE, "no_network_cut")


def overlap(one: str, other: str) -> bool:
    """Whether two directories are the same, or one holds the other."""
    first, second = (f"{path.rstrip('/')}/" for path in (one, other))
    return first.startswith(second) or second.startswith(first)


def _restored(one: Drilled, params: Params) -> Iterator[Verdict]:
    if one.reason:
        yield from _ended(one)
        return
    there = one.restored
    if there.listed and there.found is not None and there.found < there.listed:
        yield bad("rolled_back" if not there.found else "restore_failed", f"{there.found} of {there.listed}")
    if there.read == "failed":
        yield bad("unreadable_after_restore")
    if there.read != "whole":
        yield _untold("not_read")
    yield from _pages(there.pages)
    yield from _roles(one, params)
    yield from _something(one, params)
    yield good(Level.RESTORABLE)


def _roles(one: Drilled, params: Params) -> Iterator[Verdict]:
    if params.globals and one.roles.made:
        yield bad("globals_missing", one.roles.made[0])
    elif params.globals and params.kind in WITH_ROLES and not one.roles.from_globals:
        # None was needed this time; the file that is to hold them was not there, or could not be read.
        yield untold(Level.TRUE, "globals_missing")


def _something(one: Drilled, params: Params) -> Iterator[Verdict]:
    """That nothing came back and could be read is no restore, unless the source had nothing either."""
    there, beside = one.restored, one.against.compared if one.against is not None else None
    if there.read != "whole" or there.tables or there.bytes or (beside is not None and beside.same):
        return
    if params.kind in TREES:
        yield untold(Level.TRUE, "not_recorded")
    else:
        yield bad("nothing_in_it")


def _pages(word: str) -> Iterator[Verdict]:
    if word == "damaged":
        yield bad("pages_damaged")
    if word == "no_tool":
        yield _untold("no_tool", "amcheck")


def _ended(one: Drilled) -> Iterator[Verdict]:
    """Ended before its time: by the artefact's fault, at that level and as a restore, or by none of its."""
    if one.reason not in REASONS:
        yield _untold(one.reason, one.subject)
        return
    yield bad(one.reason, one.subject)
    if REASONS[one.reason] is not Level.RESTORABLE:
        yield bad("restore_failed", one.reason)


def _untold(reason: str, subject: str = "") -> Verdict:
    # Facts of a later version may hold words that this one does not know.
    return untold(Level.RESTORABLE, reason if reason in UNTOLD else "unknown_word", subject)


def _compared(one: Drilled, params: Params) -> Iterator[Verdict]:
    """What came back against what the source recorded of it."""
    found = one.against
    if params.compare == "none" or found is None:
        return
    known = params.source
    named = ((known.system, found.system), (known.database, found.database))
    if any(wanted and told and wanted != told for wanted, told in named):
        yield bad("wrong_target", "fingerprint")
    if found.word == "edited":
        yield bad("fingerprint_edited")
    elif found.word or found.compared is None:
        yield untold(Level.TRUE, "no_fingerprint")
    else:
        yield from _beside(found.compared, params)


def _beside(seen: Compared, params: Params) -> Iterator[Verdict]:
    words = _of_files(seen) if params.kind in TREES else verdict_words(seen)
    yield from (bad(word, subject) for word, subject in words)
    if not seen.same and seen.tables and (params.compare == "exact" or not seen.within):
        yield untold(Level.TRUE, "not_recorded")  # all within bounds, nothing proven
    yield good(Level.TRUE)


def _of_files(seen: Compared) -> Iterator[tuple[str, str]]:
    found = (("files_missing", seen.missing), ("files_differ", seen.differ), ("files_extra", seen.extra))
    yield from ((word, "".join(names.first[:1])) for word, names in found if names.total)


def _usable(one: Drilled, params: Params) -> Iterator[Verdict]:
    """The answers, by the questions as the plan has them; nothing asked proves nothing at this level."""
    answers = {answer.id: answer for answer in one.questions}
    for question in params.questions:
        answer = answers.get(question.id)
        right = answer is not None and _right(question, answer)
        yield good(Level.USABLE) if right else bad("wrong_answer", question.id)


def _right(question: Question, answer: Answer) -> bool:
    return not answer.trouble and answer.got == digest_of(question.expected)


def digest_of(text: str) -> str:
    """How an answer is compared: SHA-256 of its text without the newline at its end."""
    return sha256(text.rstrip("\n").encode("utf-8", "surrogateescape")).hexdigest()


def _in_time(one: Drilled, params: Params) -> Iterator[Verdict]:
    """Over the agreed time: by its own measure, or by having taken longer without an answer."""
    took = one.took if one.rto is None else one.rto
    if took > params.restore_within_s * 1000:
        yield bad("overran")


def _figures(one: Drilled) -> Iterable[Reading]:
    name = one.base.name
    right = State.OK if one.rto is not None else State.UNKNOWN
    yield Reading(f"{name}:rto", one.rto, Unit.MILLISECONDS, right, "" if one.rto is not None else "not_read")
    if one.rpo is not None:
        yield Reading(f"{name}:rpo", one.rpo, Unit.MILLISECONDS, State.OK)
    yield Reading(f"{name}:attempt", one.attempt, Unit.COUNT, State.OK)
    yield Reading(f"{name}:aborted", len(one.aborted), Unit.COUNT, State.OK)
    if one.roles.errors:
        # A pass of its own: what a tablespace's directory lacks here is no fault of the dump.
        errors = one.roles.errors
        yield Reading(f"{name}:globals_errors", errors, Unit.COUNT, State.WARN, "error_text")
    if one.left:
        yield Reading(f"{name}:left_behind", one.left, Unit.BYTES, State.WARN, "not_removed")
    if one.restored.read == "whole":
        yield Reading(f"{name}:rows", one.restored.rows, Unit.COUNT, State.OK)


CHECK = Check(
    id="backup.drill",
    version=2,
    title="恢复演练",
    title_en="Restore drill",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-10", "HA-12", "PD-05"),
    needs=(
        "an unprivileged user, room on disk, and the right to make namespaces (docs/backups/drills.md)",
        "tried with PostgreSQL 15 and 18, pgBackRest 2.45, Barman 3.4, MariaDB 10.11, Redis 7.0, "
        "restic 0.14, borg 1.2; not with Kingbase",
    ),
)
