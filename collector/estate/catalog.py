"""The installed checks as an estate sees them: which there are, what they take, what they can look at."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import Any

from checks import registry
from checks.api import Check, Source
from checks.codec import FieldError, JsonValue, from_json, to_json
from checks.remote import Login
from collector.estate.model import Asset

# Sources that look from the host itself, and the asset's section that another source needs.
_ON_HOST = frozenset({Source.HOST, Source.PLUGIN})
_SECTION = {
    Source.SNMP: "snmp",
    Source.SSH: "ssh",
    Source.BMC: "redfish",
    Source.SQL: "sql",
    Source.FILES: "ssh",
    Source.BACKUP: "ssh",
}
_BESIDE = frozenset({Source.FILES, Source.BACKUP})  # read on the spot where an agent runs beside


@dataclass(frozen=True, slots=True)
class Catalog:
    """Checks by id."""

    checks: Mapping[str, Check[Any, Any]]

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Ids that an id or a pattern such as `host.*` or `all` names."""
        wanted = "*" if pattern == "all" else pattern
        return tuple(check_id for check_id in self.checks if fnmatchcase(check_id, wanted))


@cache
def installed() -> Catalog:
    """Everything that this program brings along."""
    return Catalog({check_id: registry.get(check_id) for check_id in registry.ids()})


@cache
def needs_params(check: Check[Any, Any]) -> bool:
    """Whether the check cannot run without being told something (an address, a plug-in's name)."""
    if any(map(_required, fields(check.params))):
        return True
    try:
        check.params()
    except ValueError:  # one of several things must be told
        return True
    return False


def agent_for(check: Check[Any, Any], asset: Asset) -> str | None:
    """The agent that can run `check` on `asset`; None when nobody can."""
    if _on_host(check, asset):
        return asset.agent
    section = _section(check, asset)
    if section is None and check.source is Source.DEVICE:
        return None
    if section is not None and getattr(asset, section) is None:
        return None
    if check.source is Source.SQL and asset.sql and asset.sql.platform not in check.params.PLATFORMS:
        return None  # what asks a Redis has nothing to ask a PostgreSQL
    return asset.via or asset.agent


def _on_host(check: Check[Any, Any], asset: Asset) -> bool:
    """Whether it looks from the asset itself: files do wherever an agent runs beside them."""
    if check.source is Source.RECEIVED:
        return "address" not in {spec.name for spec in fields(check.params)}  # the receiver itself
    return check.source in _ON_HOST or (check.source in _BESIDE and asset.agent is not None)


def _section(check: Check[Any, Any], asset: Asset) -> str | None:
    """The asset's section that tells how `check` reaches it; None where it needs none."""
    if check.source is Source.RECEIVED:
        # Where it is asked at is where it sends from.
        return _sends_from(check, asset)
    return _device(check, asset) if check.source is Source.DEVICE else _SECTION.get(check.source)


def _device(check: Check[Any, Any], asset: Asset) -> str | None:
    """How a network device is asked: by SNMP where `check` and asset know it, else by a command line whose
    platform is known, which comes first where the check says so; None: nobody can."""
    by_snmp = "version" in {spec.name for spec in fields(check.params)}
    known = asset.ssh is not None and asset.ssh.platform in check.params.PLATFORMS
    if asset.snmp is not None and by_snmp and not (known and getattr(check.params, "CLI_FIRST", False)):
        return "snmp"
    return "ssh" if known else None


def _sends_from(check: Check[Any, Any], asset: Asset) -> str | None:
    if "address" not in {spec.name for spec in fields(check.params)}:
        return None
    return "snmp" if asset.snmp is not None or asset.ssh is None else "ssh"


def untold(check: Check[Any, Any], asset: Asset) -> bool:
    """Whether the check must be told something that the asset's section for its source does not tell."""
    given = connection(check, asset)
    if not given:
        return needs_params(check)
    try:
        from_json(check.params, given, "")
    except ValueError:
        return True
    return False


def tells(check: Check[Any, Any], asset: Asset, told: Mapping[str, Any]) -> bool:
    """Whether what an asset tells (under patterns perhaps) is meant for an untold check: what is told to all
    checks of a package does not make one owed that must be told something else."""
    given = connection(check, asset)
    asked = {spec.name for spec in fields(check.params) if _required(spec) and spec.name not in given}
    return check.id in asset.params or not asked.isdisjoint(told)


def usual(check: Check[Any, Any], asset: Asset) -> bool:
    """Whether a pattern means the check on this asset: one of some kinds of devices (`KINDS`) is not meant on
    others, where it could only say that there is nothing; one of none where the asset's params name it."""
    kinds = getattr(check.params, "KINDS", None)
    return kinds is None or asset.kind in kinds or check.id in asset.params


def _required(spec: Field[Any]) -> bool:
    return spec.default is MISSING and spec.default_factory is MISSING


def full_params(check: Check[Any, Any], given: Mapping[str, JsonValue], path: str) -> dict[str, JsonValue]:
    """All parameters with their defaults filled in, as plain JSON; FieldError names the path."""
    _no_floats(given, path)
    # Hundreds of assets share the same parameters: each set is worked out once.
    kind: Any = check.params  # type[Any] is not known to be hashable
    return _full(kind, json.dumps(given, ensure_ascii=False), path)


@lru_cache(maxsize=16_384)
def _full(kind: Any, text: str, path: str) -> dict[str, JsonValue]:
    made: dict[str, JsonValue] = to_json(from_json(kind, json.loads(text), path))
    return made


def _no_floats(value: Any, path: str) -> None:
    if isinstance(value, float):
        raise FieldError(path, "only whole numbers can be signed")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _no_floats(item, f"{path}.{key}")


def reach(check: Check[Any, Any]) -> str:
    """What an asset needs so that somebody can run `check` on it."""
    if check.source in _ON_HOST:
        return "an agent on it"
    if check.source is Source.RECEIVED:
        return "an agent on it, or via and the address it sends from in a section snmp or ssh"
    section = _SECTION.get(check.source)
    if check.source in _BESIDE:
        return "an agent on it, or via and a section ssh"
    if check.source is Source.DEVICE:
        return f"via, and a section snmp, or ssh with a platform of {', '.join(check.params.PLATFORMS)}"
    return f"via, and a section {section}" if section else "an agent on it, or via"


def connection(check: Check[Any, Any], asset: Asset) -> dict[str, JsonValue]:
    """Parameters of `check` that the asset's own section for its source gives (address, version, secret)."""
    section = getattr(asset, _section(check, asset) or "", None)
    if section is None or _on_host(check, asset):
        return {}
    taken = {spec.name for spec in fields(check.params)}
    given = {spec.name: getattr(section, spec.name) for spec in fields(section) if spec.name in taken}
    if check.source is Source.SQL and given.get("client") and asset.ssh is not None:
        given["ssh"] = {spec.name: getattr(asset.ssh, spec.name) for spec in fields(Login)}
    return given
