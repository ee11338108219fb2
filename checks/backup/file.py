"""Backups as plain files or directories, whatever is in them: they stand there, are new, and unchanged."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.artefacts import basic, levels
from checks.artefacts.artefact import Artefact
from checks.artefacts.levels import Verdict, bad
from checks.artefacts.look import Look, Stands
from checks.artefacts.standing import Memory, Survey, read, remembered, survey
from checks.files import SFTP_NEEDS
from checks.places import Backups, Entry, shown


@dataclass(frozen=True, slots=True)
class FileArtefact:
    """`same_as`: an older one with the very same bytes ("" none that we have read)."""

    base: Artefact
    same_as: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    artefacts: tuple[FileArtefact, ...]
    stands: Stands


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`may_repeat`: the same bytes as before are right (a configuration nobody changed)."""

    may_repeat: bool = False


def observe(backups: Backups, params: Params) -> Facts:
    with backups.place(params) as place, remembered(backups, "read") as memory:
        found = survey(place, params, memory)
        read_now = [(one, read(place, found, one, memory, params, backups.now())) for one in found.chosen]
        return Facts(
            tuple(FileArtefact(base, _twin(entry, base, found, memory)) for entry, base in read_now),
            found.stands,
        )


def _twin(entry: Entry, base: Artefact, found: Survey, memory: Memory) -> str:
    older = found.all[found.all.index(entry) + 1 :] if base.sha256 else ()
    prefix = found.top.rstrip("/") + "/"
    for one in older:
        held = memory.kept.get(shown(one.path))
        if held is not None and held["value"].get("sha256") == base.sha256:
            return shown(one.path.removeprefix(prefix))
    return ""


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from basic.judge_stands(seen.facts.stands)
    for one, asked in basic.each(seen.facts.artefacts, seen.facts.stands, params):
        yield from levels.readings(one.base.name, _verdicts(one, asked, seen.taken_at))
        yield Reading(f"{one.base.name}:bytes", one.base.bytes, Unit.BYTES, State.OK)


def _verdicts(one: FileArtefact, params: Params, taken_at: int) -> Iterator[Verdict]:
    yield from basic.judge_base(one.base, params, taken_at, inner=False)
    if one.same_as and not params.may_repeat and one.base.bytes:
        yield bad("same_as_before", one.same_as)


CHECK = Check(
    id="backup.file",
    version=3,
    title="备份文件",
    title_en="Backup files",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    needs=(SFTP_NEEDS,),
)
