"""One example of a case file read into services that the engine can evaluate."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from collector.availability.calendar_cn import shipped
from collector.availability.case_checks import GivenCheck, host_of, known, read_check
from collector.availability.case_values import Value, items_of, stretch
from collector.availability.classes import Scope
from collector.availability.engine import Params, ServiceSpec
from collector.availability.errors import SpecError
from collector.availability.faults import FaultRules, Profile
from collector.availability.hours import Hours, zone_of
from collector.availability.tree import All, AnyOf, Leaf, Node, Weighted
from collector.availability.windows import Window, WindowKind

_EXAMPLE = (
    "id title why expect t0 len as_of not_in_service params checks service windows hours members faults"
    " attested"
)
_PARAMS = (
    "interval hold confirm vantage_rule min_vantages available_if target unknown_cap_budget exclude_scope"
    " min_notice merge_gap min_fault maintenance_cap_s clock_uncertainty recover_stable"
)
_T0 = "2026-03-02T00:00+08:00"
_DAY_MS = 86_400_000
# Years 1000 to 9000: no local day of any zone falls off the calendar.
_FIRST_MS, _LAST_MS = -30_610_224_000_000, 221_845_392_000_000


@dataclass(frozen=True, slots=True)
class Example:
    """One example: the service without its evidence, the checks, and the instants to judge it at."""

    id: str
    spec: ServiceSpec
    checks: dict[str, GivenCheck]
    members: tuple[str, ...]
    as_of: tuple[int | None, ...]
    many: bool
    wants_faults: bool

    def at(self, as_of: int | None, check: str | None = None) -> ServiceSpec:
        """The service (or one member) as it was known at an instant."""
        checks = {name: known(one, as_of) for name, one in self.checks.items()}
        tree = self.spec.tree if check is None else Leaf(check)
        return replace(self.spec, checks=checks, tree=tree, as_of_ms=as_of)


def read_example(at: Value) -> Example:
    """Read one example; every mistake is a CaseError that names it."""
    raw = at.mapping(_EXAMPLE)
    t0 = raw.get("t0", Value(at.example, "t0", _T0)).instant()
    length = raw["len"].length(1) if "len" in raw else _DAY_MS
    if not _FIRST_MS <= t0 <= t0 + length <= _LAST_MS:
        raise at.wrong("lies outside of the years that calendars know")
    given = raw.get("params", Value(at.example, "params", {})).mapping(_PARAMS)
    members = "members" in raw
    source = raw.get("members" if members else "checks")
    if source is None or not source.mapping():
        raise at.wrong("has neither checks nor members")
    checks = {name: read_check(value, given, t0) for name, value in source.mapping().items()}
    as_of, many = _as_of(raw.get("as_of"), t0)
    wants_faults = "faults" in raw and _flag(raw["faults"])
    spec = ServiceSpec(
        from_ms=t0,
        to_ms=t0 + length,
        params=_params(given, wants_faults),
        checks={},
        tree=_service(at, raw.get("service"), checks, members),
        windows=tuple(_window(value, t0) for value in items_of(raw.get("windows"))),
        hours=_hours(raw["hours"]) if "hours" in raw else None,
        calendar=shipped() if "hours" in raw else None,
        not_in_service=tuple(_span(value, t0) for value in items_of(raw.get("not_in_service"))),
        attested=tuple(_span(value, t0) for value in items_of(raw.get("attested"))),
    )
    _check_hosts(at, checks)
    return Example(at.example, spec, checks, tuple(checks) if members else (), as_of, many, wants_faults)


def _flag(value: Value) -> bool:
    if not isinstance(value.raw, bool):
        raise value.wrong(f"must be true or false, not {value.raw!r}")
    return value.raw


def _as_of(value: Value | None, t0: int) -> tuple[tuple[int | None, ...], bool]:
    if value is None:
        return (None,), False
    if isinstance(value.raw, list):
        if not value.raw:
            raise value.wrong("is empty: nothing would be judged")
        return tuple(t0 + one.ms() for one in value.items()), True
    return (t0 + value.ms(),), False


def _span(value: Value, t0: int) -> tuple[int, int]:
    first, end = stretch(value, *value.row(2))
    return t0 + first, t0 + end


def _params(given: dict[str, Value], wants_faults: bool) -> Params:
    def ms(name: str, default: int) -> int:
        return given[name].length() if name in given else default

    rules = FaultRules(
        profile=Profile.PINGDINGSHAN if wants_faults else None,
        merge_gap_ms=ms("merge_gap", 60_000),
        min_fault_ms=ms("min_fault", 60_000),
        recover_stable_ms=ms("recover_stable", 120_000),
    )
    scope = given["exclude_scope"].one_of("all", "down_only") if "exclude_scope" in given else "all"
    need = given["available_if"].one_of("degraded", "up") if "available_if" in given else "degraded"
    return Params(
        target=_target(given["target"]) if "target" in given else Fraction(999, 1000),
        degraded_is_available=need == "degraded",
        unknown_cap_budget=_cap(given.get("unknown_cap_budget")),
        exclude_scope=Scope(scope),
        min_notice_ms=ms("min_notice", 0),
        maintenance_cap_ms=given["maintenance_cap_s"].length() if "maintenance_cap_s" in given else None,
        clock_uncertainty_ms=ms("clock_uncertainty", 0),
        faults=rules,
    )


def _target(value: Value) -> Fraction:
    target = value.number() / 100
    if not 0 <= target <= 1:
        raise value.wrong(f"is between 0 and 100 percent, not {value.raw!r}")
    return target


def _cap(value: Value | None) -> Fraction | None:
    if value is None:
        return Fraction(1, 10)
    if isinstance(value.raw, float) and math.isinf(value.raw) and value.raw > 0:
        return None
    cap = value.number()
    if cap < 0:
        raise value.wrong(f"must not be negative, not {value.raw!r}")
    return cap


def _service(at: Value, value: Value | None, checks: dict[str, GivenCheck], members: bool) -> Node:
    if value is not None:
        return _node(value, checks)
    if members:
        return All(tuple(Leaf(name) for name in checks))
    hosts = {host_of(check) for check in checks.values()}
    asked = [name for name in checks if name not in hosts]
    if len(asked) != 1:
        raise at.wrong(f"names no service and has {len(asked)} checks that could be it")
    return Leaf(asked[0])


def _node(value: Value, checks: dict[str, GivenCheck]) -> Node:
    if isinstance(value.raw, str):
        if value.raw not in checks:
            raise value.wrong(f"no check named {value.raw!r}")
        return Leaf(value.raw)
    raw = value.mapping("all any quorum weighted")
    if len(raw) != 1:
        raise value.wrong("must be a check or one of all, any, quorum, weighted")
    kind, below = next(iter(raw.items()))
    if kind in ("all", "any"):
        parts = _parts(below, checks)
        return All(parts) if kind == "all" else AnyOf(parts)
    return _counted(kind, below, checks)


def _counted(kind: str, value: Value, checks: dict[str, GivenCheck]) -> Node:
    raw = value.mapping("up degraded of")
    if "up" not in raw or "of" not in raw:
        raise value.wrong("needs up and of")
    if kind == "quorum":
        parts = _parts(raw["of"], checks)
        weights: tuple[Fraction, ...] = (Fraction(1),) * len(parts)
    else:
        given = raw["of"].mapping()
        if not given:
            raise raw["of"].wrong("is empty: the worst of nothing is unknown")
        parts = tuple(_node(Value(value.example, one.path, name), checks) for name, one in given.items())
        weights = tuple(_weight(one) for one in given.values())
    up = raw["up"].number()
    degraded = raw.get("degraded", raw["up"]).number()
    if up <= 0 or degraded <= 0:
        raise value.wrong("up and degraded must be above 0: with 0 it would be up whatever fails")
    return Weighted(up, degraded, parts, weights)


def _weight(value: Value) -> Fraction:
    weight = value.number()
    if weight < 0:
        raise value.wrong(f"must be a weight from 0 on, not {value.raw!r}")
    return weight


def _parts(value: Value, checks: dict[str, GivenCheck]) -> tuple[Node, ...]:
    parts = tuple(_node(one, checks) for one in value.items())
    if not parts:
        raise value.wrong("is empty: the worst of nothing is unknown")
    return parts


def _check_hosts(at: Value, checks: dict[str, GivenCheck]) -> None:
    for name, check in checks.items():
        host = host_of(check)
        if host is not None and host not in checks:
            raise Value(at.example, f"checks.{name}.host", host).wrong(f"no check named {host!r}")


def _window(value: Value, t0: int) -> Window:
    raw = value.mapping("id kind from to approved_at status")
    for name in ("id", "kind", "from", "to"):
        if name not in raw:
            raise value.wrong(f"has no {name}")
    kind = WindowKind(raw["kind"].one_of(*WindowKind))
    approved = raw.get("approved_at")
    first, end = stretch(value, raw["from"], raw["to"])
    return Window(
        id=raw["id"].name(),
        kind=kind,
        from_ms=t0 + first,
        to_ms=t0 + end,
        approved_at_ms=None if approved is None or approved.raw is None else t0 + approved.ms(),
        status=raw["status"].one_of("approved", "claimed") if "status" in raw else "",
        # A case states the approval; there is no signed statement behind it.
        role="buyer",
        document=f"case {value.example}",
    )


def _hours(value: Value) -> Hours:
    raw = value.mapping("tz days ranges")
    for name in ("days", "ranges"):
        if name not in raw:
            raise value.wrong(f"has no {name}")
    zone = raw["tz"].text() if "tz" in raw else "Asia/Shanghai"
    try:
        zone_of(zone)
    except SpecError as error:
        raise raw["tz"].wrong(error.detail) from None
    ranges = tuple((a.minutes(), b.minutes()) for a, b in (one.row(2) for one in raw["ranges"].items()))
    return Hours(zone, _weekdays(raw["days"]), ranges)


def _weekdays(value: Value) -> frozenset[int] | None:
    if value.raw == "cn_workdays":
        return None
    days = frozenset(one.whole() for one in value.items())
    if not days <= frozenset(range(7)):
        raise value.wrong("weekdays are 0 (Monday) to 6 (Sunday)")
    return days
