"""Backup policies of an estate: `backups:` and `backup_success:` read against its objects and places."""

from dataclasses import replace

from collector.backups import compile as policies
from collector.backups.compile import PolicyError
from collector.backups.policy import BackupObject as Wanted
from collector.backups.policy import Policies
from collector.estate.looks import Note
from collector.estate.model import BackupObject, Estate
from collector.estate.units import local_instant

_FILE = "backups"
_SUCCESS = "backup_success"


def read(estate: Estate, note: Note) -> Policies | None:
    """What is promised; None where nothing is said of backups, or with every mistake noted at its place."""
    if not estate.backups and estate.backup_success is None:
        if estate.objects:
            note(("objects",), "nothing under backups says what is promised of them")
        return None
    said = policies.Estate(
        objects={one.id: one.kind for one in estate.objects},
        since_ms=0,
        places=frozenset(place.id for place in estate.places),
    )
    try:
        made = policies.parse(list(estate.backups), said, estate.backup_success)
    except PolicyError as error:
        for mistake in error.mistakes:
            inner = mistake.path
            note((_SUCCESS, *inner[1:]) if inner[:1] == ("success",) else (_FILE, *inner), mistake.reason)
        return None
    own = {one.id: one for one in estate.objects}
    objects = tuple(_with_own(one, own[one.name], estate) for one in made.objects)
    success = made.success
    if success is not None and estate.contract is not None:
        start = local_instant(estate.contract.start, estate.timezone)
        success = replace(success, since_ms=start)
    return replace(made, objects=objects, success=success)


def _with_own(made: Wanted, own: BackupObject, estate: Estate) -> Wanted:
    """What the object itself says comes before what is said of many."""
    since = made.since_ms if own.since is None else local_instant(own.since, estate.timezone)
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
