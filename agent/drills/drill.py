"""One restore drill from the decision to the last byte removed."""

import importlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast

from agent.drills.choice import by_rule, period_of, rule_of
from agent.drills.course import Course
from agent.drills.errors import BusyError, StopError
from agent.drills.journal import Desk, desk
from agent.drills.settings import Drills
from agent.drills.work import Progress, Work, silent
from agent.errors import AgentError
from agent.log import log
from agent.sources.backup_guard import Guard
from agent.state import State
from checks.api import ErrorKind, ObservationError
from checks.artefacts import standing
from checks.artefacts.levels import told
from checks.artefacts.look import LONGEST_S, Stands
from checks.backup.drill import Params, overlap
from checks.drills import Aborted, Drilled
from checks.places import Backups, Entry, Place, shown

REPOSITORIES = ("restic", "borg", "pgbackrest", "barman")
Engine = Callable[[Course, Backups, Place, Entry], None]
# Kind -> module and function: each is loaded when first asked for.
_ENGINES = {
    "postgres": ("logical", "run"),
    "kingbase": ("logical", "run"),
    "basebackup": ("physical", "run"),
    "mariadb": ("mariadb", "run"),
    "mariabackup": ("mariadb", "run_physical"),
    "pgbackrest": ("pgrepos", "run_pgbackrest"),
    "barman": ("pgrepos", "run_barman"),
    "redis": ("redis", "run"),
    "restic": ("repositories", "run_restic"),
    "borg": ("repositories", "run_borg"),
    **dict.fromkeys(("tree", "archive", "file"), ("trees", "run")),
}


class Looks(Backups, Protocol):
    """The source that begins a drill; its guard knows whether somebody still waits for the look."""

    @property
    def guard(self) -> Guard:
        """Of this look."""


class LocalDrills:
    """Implements checks.drills.Drills."""

    def __init__(self, backups: Looks, given: Drills, state: Path, progress: Progress = silent) -> None:
        self._backups = backups
        self._given = given
        self._state = state
        self._progress = progress
        self.detail = ""  # what a program said when a drill ended before its time; for an operator only

    def drill(self, wish: Params) -> tuple[Drilled | None, Stands]:
        """One attempt; nothing of it is left when this returns, whatever happened."""
        at = replace(wish, budget_s=min(wish.limit_s, LONGEST_S))
        with self._backups.place(at) as place:
            found = standing.survey(place, wish)
            now = time.time_ns() // 1_000_000
            entry = pick(found, wish, now)
            if entry is None:
                return None, found.stands
            try:
                with desk(self._state, patience_s=wish.patience_s) as held:
                    made = self._attempt(held, wish, place, entry, found.top)
            except BusyError as busy:
                made = self._refused(wish, place, entry, found.top, StopError("busy", str(busy)))
            except (AgentError, OSError) as problem:  # of our own state directory: full, or not ours
                log.error("drill of %s: %s", wish.object or wish.path, problem)
                made = self._refused(wish, place, entry, found.top, StopError("no_room", "state"))
            return made, found.stands

    def _attempt(self, held: Desk, wish: Params, place: Place, entry: Entry, top: str) -> Drilled:
        stop = self._forbidden(wish, entry)
        if stop is not None:
            return self._refused(wish, place, entry, top, stop)
        name, decided = wish.object or shown(entry.path), time.time_ns() // 1_000_000
        attempt, aborted = held.attempt(name, period_of(wish.every, decided))
        aborted = self._untold(name, aborted)
        work = Work(held, self._given, name, wish.limit_s, self._progress)
        course = Course(work, wish, standing.base(place, entry, top), attempt, aborted, decided)
        why = StopError("")
        try:
            work.make_room(attempt, decided)
            with work.phase("locate"):
                _engine(wish)
            _engine(wish)(course, self._backups, place, entry)
        except StopError as problem:
            why = problem
        except OSError as problem:
            why = work.trouble(problem)
        except AgentError as problem:  # the journal could not be written
            why = StopError("no_room", "state", problem.detail)
        except ObservationError as problem:  # its place fell silent: an attempt that begun all the same
            why = StopError(told(problem.kind.value), "", problem.detail)
        finally:
            took = work.ms()
            left = self._clean(work)
            if self._backups.guard.given_up:
                # Nobody waits for this result any more: the next one tells that there was an attempt.
                held.aborted(name, Aborted(attempt, work.now, decided))
        if why.reason:
            self.detail = why.detail
            log.warning("drill of %s: %s", name, why)
        made = course.facts(why.reason, why.subject, left)
        return replace(made, took=took)

    def _untold(self, name: str, aborted: tuple[Aborted, ...]) -> tuple[Aborted, ...]:
        """Attempts without a result, each told once: what an earlier look told is remembered only if its own
        result was kept."""
        now = [one.begun for one in aborted]
        before = set(json.loads(self._backups.before(f"drill-aborted-{name}", json.dumps(now)) or "[]"))
        return tuple(one for one in aborted if one.begun not in before)

    def _clean(self, work: Work) -> int:
        """Everything ended and removed, whatever ended the attempt; its time is shown, not counted."""
        start = work.ms()
        left = work.clean()
        work.progress("clean", 0, 0)
        work.cleaned(start)
        return left

    def _forbidden(self, wish: Params, entry: Entry) -> StopError | None:
        """Why this must not even begin."""
        if wish.needs_approval and not wish.approval:
            return StopError("no_approval")
        top = os.path.realpath(self._given.directory or self._state)
        source = wish.source
        for name, path in (("directory", source.directory), ("socket", source.socket)):
            if path and overlap(top, os.path.realpath(path)):
                return StopError("wrong_target", name)
        inside = entry.kind == "directory" and overlap(top, os.path.realpath(entry.path))
        return StopError("wrong_target", "artefact") if inside and not wish.address else None

    def _refused(self, wish: Params, place: Place, entry: Entry, top: str, why: StopError) -> Drilled:
        """Not begun: no attempt, no phase."""
        return Drilled(
            base=standing.base(place, entry, top),
            attempt=0,
            decided=time.time_ns() // 1_000_000,
            phases=(),
            ended="refused",
            reason=why.reason,
            subject=why.subject,
        )


def local_drills(backups: Looks, state: Path | None) -> LocalDrills:
    """As agent.yaml of this state directory says."""
    if state is None:
        raise ObservationError(ErrorKind.UNSUPPORTED, "drills need a state directory")
    from agent import settings

    return LocalDrills(backups, settings.read(State(state)).drills, state)


def pick(found: standing.Survey, wish: Params, now: int) -> Entry | None:
    """The artefact to restore; None where there is none (or none of that name)."""
    if wish.kind in REPOSITORIES:  # one directory; what is in it is chosen when it is open
        return found.all[0] if found.all else None
    if wish.artefact:
        named = (one for one in found.all if standing.name_of(one.path, found.top) == wish.artefact)
        return next(named, None)
    whole = [one for one in found.all if one.size or one.kind == "directory"] or list(found.all)
    return by_rule(whole, rule_of(wish.pick, wish.every, wish.since, now)) if whole else None


def _engine(wish: Params) -> Engine:
    if wish.kind not in _ENGINES:
        raise StopError("unsupported", wish.kind[:40])
    module, name = _ENGINES[wish.kind]
    return cast(Engine, getattr(importlib.import_module(f"agent.drills.{module}"), name))
