"""Backup policies of an estate: `backups:` and `backup_success:` read against its objects and places."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from checks.backup.drill import Question
from checks.codec import FieldError, from_json
from collector.backups import compile as policies
from collector.backups.compile import PolicyError
from collector.backups.policy import BackupObject as Wanted
from collector.backups.policy import Policies
from collector.backups.values import Wrong, path_of
from collector.estate.looks import Note
from collector.estate.model import BackupObject, Estate
from collector.estate.units import local_instant

_FILE = "backups"
_SUCCESS = "backup_success"
_QUESTIONS = "backup_questions"


def read(estate: Estate, note: Note, broken: Collection[tuple[str, str]] = frozenset()) -> Policies | None:
    """What is promised; None where nothing is said of backups, or with every mistake noted at its place.
    `broken`: (section, id) of members that could not be read."""
    if not estate.backups and estate.backup_success is None:
        if estate.objects:
            note(("objects",), "nothing under backups says what is promised of them")
        return None
    said = policies.Estate(
        objects={one.id: one.kind for one in estate.objects},
        since_ms=0,
        places={place.id for place in estate.places} | _named(broken, "places"),
        broken=_named(broken, "objects"),
    )
    _paths(estate, note)
    known = _questions(estate, note)
    try:
        made = policies.parse(list(estate.backups), said, estate.backup_success)
    except PolicyError as error:
        for mistake in error.mistakes:
            inner = mistake.path
            note((_SUCCESS, *inner[1:]) if inner[:1] == ("success",) else (_FILE, *inner), mistake.reason)
        return None
    _asked(estate, known, note)
    own = {one.id: one for one in estate.objects}
    objects = tuple(_with_own(one, own[one.name], estate) for one in made.objects)
    success = made.success
    if success is not None and estate.contract is not None:
        success = replace(success, since_ms=_instant(estate.contract.start, estate))
    return replace(made, objects=objects, success=success)


def _named(broken: Collection[tuple[str, str]], section: str) -> set[str]:
    return {name for kind, name in broken if kind == section}


def _paths(estate: Estate, note: Note) -> None:
    for i, place in enumerate(estate.places):
        try:
            path_of(place.path)
        except Wrong as problem:
            note(("places", i, "path"), problem.reason)


def _questions(estate: Estate, note: Note) -> set[str]:
    """Names of the sets of questions; what is wrong with one is noted."""
    raw = {} if estate.backup_questions is None else estate.backup_questions
    if not isinstance(raw, Mapping):
        note((_QUESTIONS,), "a mapping is wanted here")
        return set()
    for name, asked in raw.items():
        if not isinstance(asked, list) or not asked:
            note((_QUESTIONS, name), "a list of questions is wanted here")
            continue
        for i, one in enumerate(asked):
            try:
                from_json(Question, one, "")
            except (FieldError, ValueError) as problem:
                note((_QUESTIONS, name, i), str(problem).removeprefix(": "))
    return set(map(str, raw))


def _asked(estate: Estate, known: Collection[str], note: Note) -> None:
    """A drill that asks what nobody has written down asks nothing."""
    for i, one in enumerate(estate.backups):
        drill = one.get("drill") if isinstance(one, Mapping) else None
        name = drill.get("questions") if isinstance(drill, Mapping) else None
        if name and name not in known:
            there = f"there are {', '.join(sorted(known))}" if known else "there is no such key"
            note((_FILE, i, "drill", "questions"), f"{name!r} is not in {_QUESTIONS} ({there})")


def _instant(text: str, estate: Estate) -> int:
    try:
        return local_instant(text, estate.timezone)
    except FieldError:
        return 0  # the zone is none, which is told at its place


def _with_own(made: Wanted, own: BackupObject, estate: Estate) -> Wanted:
    """What the object itself says comes before what is said of many."""
    since = made.since_ms if own.since is None else _instant(own.since, estate)
    return replace(
        made,
        since_ms=since,
        place=own.place or made.place or own.asset or "",
        systems=own.systems or made.systems,
        sources=own.sources or made.sources,
    )


def notes(estate: Estate, made: Policies | None) -> list[str]:
    """What is no mistake, but what its owner should know."""
    named = {one.name for one in made.objects} if made else set()
    found = []
    if bare := [one.id for one in estate.objects if one.id not in named]:
        found.append(f"no backup policy for {', '.join(bare)}")
    if never := [one.name for one in (made.objects if made else ()) if one.policies[-1].drill is None]:
        found.append(f"no restore drill is asked of {', '.join(never)}: shown as never tested")
    return found
