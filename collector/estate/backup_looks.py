"""What agents look at because of backup policies: places, sources, access, each with its parameters in full.

A look's target is `OBJECT@PLACE` (`PLACE` an id of `places`, else the id of the object's own asset), so that
every line of the log says which object it is about and where. Parameters, weakest first: the check's
defaults, the place's connection, what the policy says, the place's `params`, the object's `params`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from checks.api import Check
from checks.codec import FieldError
from collector.backups.policy import BackupObject as Wanted
from collector.backups.policy import Policies, Policy, Schedule, SealRule
from collector.estate.catalog import Catalog, agent_for, connection, full_params, reach
from collector.estate.looks import Look, Note, Path, layered
from collector.estate.model import Asset, BackupObject, BackupPlace, Estate

# What a policy may call a kind of backup -> the check that reads it; a check's own name fits as well.
KINDS: Mapping[str, str] = {
    **dict.fromkeys(("pg_dump", "postgresql"), "postgres"),
    **dict.fromkeys(("sys_dump",), "kingbase"),
    **dict.fromkeys(("pg_basebackup", "sys_basebackup"), "basebackup"),
    **dict.fromkeys(("mysqldump", "mariadb-dump", "mysql"), "mariadb"),
    **dict.fromkeys(("xtrabackup",), "mariabackup"),
    **dict.fromkeys(("rsync", "files"), "tree"),
    **dict.fromkeys(("tar", "zip", "7z"), "archive"),
    **dict.fromkeys(("sys_rman",), "pgbackrest"),
}
_AT_SOURCE = ("backup.fingerprint", "backup.manifest", "backup.redis_source", "backup.config_source")
_DRILL = "backup.drill"
_TREE = "backup.tree"
_REPOSITORY = "backup.pgbackrest"
_SEALS = ("restic", "borg")  # never without encryption, or their own check says so
_DAY_MS = 86_400_000
# How often a plan has a drill done, so that each period sees one.
_DRILL_MS = {
    "day": _DAY_MS,
    "week": 7 * _DAY_MS,
    "fortnight": 14 * _DAY_MS,
    "month": 28 * _DAY_MS,
    "quarter": 84 * _DAY_MS,
    "year": 364 * _DAY_MS,
}
_HOLDS = 5  # a look stands for two and a half intervals
_MOST_DEADLINE_MS = 3_000_000
_ARTEFACTS = 3  # newest ones looked at each time; older ones by turns


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a look goes: a place's name, the asset that is looked at, its connection, its own parameters."""

    name: str
    asset: Asset
    params: Mapping[str, Mapping[str, Any]]
    secret: str | None = None


def _keep(made: dict[tuple[str, str, str], Look], look: Look) -> None:
    """The same look once; another one of the same check at the same place (other paths) as `TARGET#2` …"""
    number, one = 1, look
    while (held := made.get((one.check.id, one.target, one.agent))) is not None and held != one:
        number += 1
        one = replace(look, target=f"{look.target}#{number}")
    made[one.check.id, one.target, one.agent] = one


class Looks:
    """Works out the looks of all objects; what cannot be is noted at the object or its policy."""

    def __init__(self, estate: Estate, policies: Policies, catalog: Catalog, note: Note) -> None:
        self._estate = estate
        self._catalog = catalog
        self._note = note
        self._assets = {asset.id: asset for asset in estate.assets}
        self._places = {place.id: place for place in estate.places}
        self._wanted = {one.name: one for one in policies.objects}

    def all(self) -> list[Look]:
        """Every look, in the order of the objects; the same one is looked at once."""
        made: dict[tuple[str, str, str], Look] = {}
        for i, thing in enumerate(self._estate.objects):
            wanted = self._wanted.get(thing.id)
            for look in self._of(thing, wanted, ("objects", i)) if wanted else ():
                _keep(made, look)
        return list(made.values())

    def _of(self, thing: BackupObject, wanted: Wanted, path: Path) -> Iterator[Look]:
        policy = wanted.policies[-1]
        first = self._first(wanted)
        if first is None:
            self._note(path, "nobody can look at its backups: neither asset nor place is given")
            return
        for schedule in policy.schedules:
            yield from self._at_place(thing, policy, schedule, first, path)
            second = self._second(policy)
            if second is not None:
                yield from self._at_place(thing, policy, schedule, second, path)
        yield from self._access(thing, policy, first, path)
        yield from self._at_source(thing, policy, path)
        yield from self._drill(thing, wanted, first, path)

    def _first(self, wanted: Wanted) -> _Spot | None:
        """A place, or the object's own asset."""
        asset = self._assets.get(wanted.place)
        return self._spot(wanted.place) or (None if asset is None else _Spot(asset.id, asset, {}))

    def _second(self, policy: Policy) -> _Spot | None:
        return None if policy.copy is None else self._spot(policy.copy.to)

    def _spot(self, name: str) -> _Spot | None:
        place = self._places.get(name)
        asset = None if place is None else self._assets.get(place.asset)
        return None if place is None or asset is None else _Spot(name, asset, place.params, place.secret)

    def _at_place(
        self, thing: BackupObject, policy: Policy, schedule: Schedule, spot: _Spot, path: Path
    ) -> Iterator[Look]:
        kind = schedule.source.kind if schedule.source else ""
        check = self._catalog.checks.get(f"backup.{KINDS.get(kind, kind)}")
        if check is None:
            if kind:
                self._note(path, f"backups of kind {kind}: no check reads them (there are {self._kinds()})")
            return
        budget = max(min(thing.look, _MOST_DEADLINE_MS) * 9 // 10_000, 1)
        if (
            policy.sealed
            and kind not in _SEALS
            and "sealed" not in {spec.name for spec in fields(check.params)}
        ):
            self._note(path, f"{check.id} does not look at encryption: a kind that does is archive")
        given: dict[str, Any] = {"artefacts": _ARTEFACTS, "budget_s": budget}
        where = self._path(thing, schedule, spot)
        if where:
            given["path"] = where
        if schedule.source and schedule.source.reader:
            given["reader"] = schedule.source.reader
        if policy.sealed:
            given["sealed"] = {"scheme": policy.sealed.scheme, **_for(policy.sealed)}
        if policy.access:
            given |= {
                "owner": [policy.access.owner] if policy.access.owner else [],
                "mode": policy.access.mode,
            }
        yield from self._look(check, thing, spot, given, path)

    def _kinds(self) -> str:
        return ", ".join(name.partition(".")[2] for name in self._catalog.matching("backup.*"))

    def _path(self, thing: BackupObject, schedule: Schedule, spot: _Spot) -> str:
        source = schedule.source.path if schedule.source else ""
        place: BackupPlace | None = self._places.get(spot.name)
        own = place.path if place is not None else ""
        # A place's own directory, and in it what the source calls its artefacts.
        made = own + source.rpartition("/")[2] if own.endswith("/") else own or source
        return made.replace("{object}", thing.id)

    def _access(self, thing: BackupObject, policy: Policy, spot: _Spot, path: Path) -> Iterator[Look]:
        check = self._catalog.checks.get("backup.access")
        rule = policy.access
        if check is None or rule is None or not rule.refused:
            return
        where = self._made_at(thing, policy, spot)
        given = {"path": where, "refused": list(rule.refused), "owner": [rule.owner] if rule.owner else []}
        yield from self._look(check, thing, spot, given, path)

    def _at_source(self, thing: BackupObject, policy: Policy, path: Path) -> Iterator[Look]:
        """Fingerprints and manifests, where the object tells how they are taken."""
        asset = self._assets.get(thing.asset or "")
        if asset is None:
            return
        spot = _Spot(asset.id, asset, {})
        for name in _AT_SOURCE:
            check = self._catalog.checks.get(name)
            if check is not None and name in thing.params:
                yield from self._look(check, thing, spot, {"path": self._made_at(thing, policy, spot)}, path)

    def _made_at(self, thing: BackupObject, policy: Policy, spot: _Spot) -> str:
        """Where the first schedule that says so puts its backups."""
        said = next((one for one in policy.schedules if one.source and one.source.path), None)
        return "" if said is None else self._path(thing, said, spot)

    def _asked(self, name: str) -> list[Any]:
        sets = self._estate.backup_questions
        found = sets.get(name) if isinstance(sets, Mapping) else None
        return found if isinstance(found, list) else []

    def _drill(self, thing: BackupObject, wanted: Wanted, first: _Spot, path: Path) -> Iterator[Look]:
        """The restore drill, by the agent of the asset that the object names for it."""
        policy = wanted.policies[-1]
        check, asset = self._catalog.checks.get(_DRILL), self._assets.get(thing.drill or "")
        rule = policy.drill
        if check is None or rule is None or asset is None:
            return
        if asset.agent is None:
            self._note((*path, "drill"), f"{asset.id} has no agent that could restore anything")
            return
        spot = self._within_reach(policy, first, asset)
        if spot is None:
            self._note(
                (*path, "drill"), f"{asset.id} can reach no place of its backups: they need a section ssh"
            )
            return
        kinds = [KINDS.get(one.source.kind, one.source.kind) for one in policy.schedules if one.source]
        tree = {**layered(spot.params, _TREE), **layered(thing.params, _TREE)}
        rest = {**layered(spot.params, _REPOSITORY), **layered(thing.params, _REPOSITORY)}
        given: dict[str, Any] = {
            **self._reached(spot, asset),
            **{name: tree[name] for name in ("layout", "manifests") if name in tree},
            **{name: rest[name] for name in ("stanza",) if name in rest},
            "kind": kinds[0] if kinds else "",
            "path": self._made_at(thing, policy, spot),
            "pick": str(rule.pick),
            "every": str(rule.every),
            "compare": rule.compare,
            "restore_within_s": rule.restore_within_ms // 1000,
            "limit_s": rule.restore_within_ms // 1000 + 3600,
            "since": wanted.since_ms,
            "needs_approval": rule.needs_approval,
            "approval": rule.approval,
            "questions": self._asked(rule.questions),
        }
        params = self._params(check, thing, _Spot(spot.name, asset, spot.params), given, path)
        if params is not None:
            every = _DRILL_MS[rule.every]
            deadline = min((params["limit_s"] + 3600) * 1000, every)
            target = f"{thing.id}@{spot.name}"
            yield Look(check, target, asset.id, asset.agent, params, deadline, every, every * _HOLDS // 2)

    def _within_reach(self, policy: Policy, first: _Spot, asset: Asset) -> _Spot | None:
        """The place that a drill on this asset restores from: one of its own before one by SFTP."""
        spots = [spot for spot in (first, self._second(policy)) if spot is not None]
        own = next((spot for spot in spots if spot.asset.id == asset.id), None)
        return own or next((spot for spot in spots if spot.asset.ssh is not None), None)

    def _reached(self, spot: _Spot, asset: Asset) -> dict[str, Any]:
        """How it gets there: nothing on its own machine, else the section ssh."""
        ssh = spot.asset.ssh
        if spot.asset.id == asset.id or ssh is None:
            return {}
        made = {
            name: getattr(ssh, name) for name in ("address", "port", "secret", "legacy", "hop", "hop_secret")
        }
        return {**made, "secret": spot.secret} if spot.secret else made

    def _look(
        self, check: Check[Any, Any], thing: BackupObject, spot: _Spot, given: Mapping[str, Any], path: Path
    ) -> Iterator[Look]:
        agent = agent_for(check, spot.asset)
        if agent is None:
            self._note(path, f"nobody can look at {spot.name}: {check.id} needs {reach(check)}")
            return
        params = self._params(check, thing, spot, given, path)
        if params is not None:
            every = thing.look
            yield Look(
                check=check,
                target=f"{thing.id}@{spot.name}",
                asset=spot.asset.id,
                agent=agent,
                params=params,
                deadline_ms=min(every, _MOST_DEADLINE_MS),
                every_ms=every,
                hold_ms=every * _HOLDS // 2,
            )

    def _params(
        self, check: Check[Any, Any], thing: BackupObject, spot: _Spot, given: Mapping[str, Any], path: Path
    ) -> dict[str, Any] | None:
        known = {spec.name for spec in fields(check.params)}
        base = connection(check, spot.asset)
        if base and spot.secret:
            base["secret"] = spot.secret
        policy = {key: value for key, value in {**given, "object": thing.id}.items() if key in known}
        told = {**layered(spot.params, check.id), **layered(thing.params, check.id)}
        if isinstance(told.get("sealed"), Mapping) and "sealed" in policy:
            told["sealed"] = {**policy["sealed"], **told["sealed"]}
        try:
            return full_params(check, {**base, **policy, **told}, check.id)
        except FieldError as error:
            self._note(
                (*path, "params"),
                f"{check.id}: {error.path.removeprefix(check.id).strip('.')} {error.problem}",
            )
            return None


def _for(rule: SealRule) -> dict[str, list[str]]:
    """`for` names people; whose keys they are is said in the check's parameters (`sealed.recipients`). Of age
    it can be told without that that there are fewer recipients than people."""
    return {"recipients": list(rule.recipients)} if rule.scheme == "age" and rule.recipients else {}


def looks(estate: Estate, policies: Policies, catalog: Catalog, note: Note) -> list[Look]:
    """Every look that the backup policies ask for."""
    return Looks(estate, policies, catalog, note).all()
