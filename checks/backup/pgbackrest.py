"""pgBackRest repositories, by their own files: each backup, what it is built on, and the log between them.

The tool is asked where its key is needed or the manifests are too old to hold what was stored; it is judged
by what it prints, for it exits 0 whatever it finds.
"""

from collections.abc import Iterator

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, levels
from checks.artefacts.artefact import Artefact
from checks.artefacts.levels import Level, Outcome, Verdict, bad, good, untold
from checks.artefacts.pgbackrest_look import Facts, Params, Set, Stanza, look
from checks.artefacts.walread import Expected, Log, judge_log
from checks.places import Backups


def observe(backups: Backups, params: Params) -> Facts:
    """Read the newest backups of each stanza, and what they are built on."""
    return look(backups, params, CHECK.version)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """Each stanza's log and count of full backups, then each backup."""
    facts = seen.facts
    yield from basic.judge_stands(facts.stands)
    by_stanza = {one.name: one for one in facts.stanzas}
    for one in facts.stanzas:
        yield from levels.readings(one.base.name, _judge_log(one, params, seen.taken_at))
        yield from _fulls(one, params)
    newest = _newest(facts, params)
    own = {
        one.base.name: list(_alone(one, by_stanza, basic.aged(params, one.base, newest), seen.taken_at))
        for one in facts.artefacts
    }
    for each in facts.artefacts:
        stanza = _stanza(each, by_stanza)
        yield from levels.readings(
            each.base.name, [*own[each.base.name], *_connected(each, stanza, facts, own)]
        )


def _newest(facts: Facts, params: Params) -> frozenset[str]:
    """The newest of each stanza, by the end that it says itself."""
    stanzas: dict[str, list[Artefact]] = {}
    for one in facts.artefacts:
        stanzas.setdefault(one.base.name.rpartition("/")[0], []).append(one.base)
    made: frozenset[str] = frozenset()
    for sets in stanzas.values():
        made |= basic.newest_of(sets, params, lambda one: (one.made.end or 0, one.id))
    return made


def _stanza(one: Set, stanzas: dict[str, Stanza]) -> Stanza:
    name = one.base.name.rpartition("/")[0]
    return stanzas.get(name) or Stanza(name, Artefact(f"{name}/archive", "log", 0, 0, 0), Log())


def _fulls(one: Stanza, params: Params) -> Iterator[Reading]:
    name = f"{one.name}:fulls"
    if one.trouble not in ("", "missing"):
        # What backup.info lists nobody could read.
        if params.fulls:
            yield Reading(name, None, Unit.COUNT, State.UNKNOWN, _WHY.get(one.trouble, "not_read"))
        return
    short = params.fulls > one.fulls
    word = "retention_short" if short else ""
    yield Reading(name, one.fulls, Unit.COUNT, State.CRIT if short else State.OK, word)


def _judge_log(one: Stanza, params: Params, taken_at: int) -> Iterator[Verdict]:
    yield from basic.judge_base(one.base, params, taken_at, inner=False)
    if not one.base.trouble and one.log.count:
        yield from judge_log(one.log, Expected(params.archive_timeout_s, params.margin_s), taken_at)
    if one.bad_segments:
        yield bad("damaged", f"{one.bad_segments}")


def _alone(one: Set, stanzas: dict[str, Stanza], params: Params, taken_at: int) -> Iterator[Verdict]:
    stanza = _stanza(one, stanzas)
    if one.checked is not None and one.checked.missing:
        yield bad("part_missing", levels.first(one.checked.names))
    if one.why == "missing":
        yield bad("part_missing", "backup.manifest")
    yield from basic.judge_base(
        one.base, params, taken_at, inner=not one.why or one.base.made.end is not None
    )
    if one.base.trouble == "missing":
        return
    yield _unchanged(one)
    yield _well_formed(one, stanza, params)
    yield from _repository(stanza, params)


def _unchanged(one: Set) -> Verdict:
    checked = one.checked
    if one.why == "damaged":
        return bad("changed", "backup.manifest")
    if one.said == "valid" and (checked is None or not checked.differ):
        return good(Level.UNCHANGED)
    if checked is None:
        return bad("changed") if one.said else untold(Level.UNCHANGED, _WHY.get(one.why, "not_read"))
    if checked.differ:
        return bad("changed", levels.first(checked.names))
    return untold(Level.UNCHANGED, "no_checksum") if checked.unchecked else good(Level.UNCHANGED)


_WHY = {"sealed": "no_key", "denied": "denied", "timeout": "timeout"}
_WORDS = {"", "valid", "in_progress"}


def _well_formed(one: Set, stanza: Stanza, params: Params) -> Verdict:
    if one.page_errors:
        # The backup ended well, and said so only here.
        return bad("damaged", "backup-error")
    if one.said not in _WORDS and not (one.checked and (one.checked.elsewhere or one.checked.missing)):
        return bad("damaged", one.said)
    if params.key and one.why == "sealed" and stanza.said == "error":
        # A wrong passphrase, or damage to what would tell: the tool has the same word for both.
        return untold(Level.WELL_FORMED, "does_not_open")
    if one.why and one.said != "valid":
        return untold(Level.WELL_FORMED, _WHY.get(one.why, "not_read"))
    return good(Level.WELL_FORMED)


def _repository(stanza: Stanza, params: Params) -> Iterator[Verdict]:
    """Whether it is the repository it was."""
    wanted = params.system or stanza.known
    if params.system and not stanza.systems:
        yield untold(Level.CONNECTED, "not_recorded", "system")
    if stanza.systems and wanted and wanted not in stanza.systems:
        yield bad("wrong_repository", stanza.system)
    elif stanza.log.systems and stanza.systems and not set(stanza.log.systems) & set(stanza.systems):
        yield bad("wrong_repository", stanza.log.systems[0])


_SPOILS = frozenset((Level.PRESENT, Level.UNCHANGED, Level.WELL_FORMED))


def _connected(one: Set, stanza: Stanza, facts: Facts, own: dict[str, list[Verdict]]) -> Iterator[Verdict]:
    """All it is built on, there and whole."""
    if one.base.trouble == "missing":
        return
    sets = {each.base.id: each for each in facts.artefacts if each.base.name.startswith(f"{stanza.name}/")}
    if one.why == "sealed" and not one.prior:
        yield untold(Level.CONNECTED, "no_key")
        return
    needed: list[str] = [one.prior, *one.references] if one.prior else list(one.references)
    for label in dict.fromkeys(needed):
        before = sets.get(label)
        if label == one.base.id:
            continue
        if label not in stanza.labels or (before is not None and before.base.trouble == "missing"):
            yield bad("orphan", label)
        elif before is not None and _spoilt(own[before.base.name]):
            yield bad("link_damaged", label)
    if one.checked is not None and one.checked.elsewhere:
        yield bad("link_damaged", levels.first(one.checked.names))
    yield good(Level.CONNECTED)


def _spoilt(verdicts: list[Verdict]) -> bool:
    return any(one.outcome is Outcome.BAD and one.level in _SPOILS for one in verdicts)


CHECK = Check(
    id="backup.pgbackrest",
    version=4,
    title="pgBackRest 备份仓库",
    title_en="pgBackRest repositories",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-05", "HA-06", "HA-07", "HA-08", "PD-05", "LH-32"),
    needs=("read access to the repository", "pgbackrest, and the key, where the repository is encrypted"),
)
