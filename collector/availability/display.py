"""A figure as plain JSON: exact values, and texts truncated so that a miss never prints as a hit."""

from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any

from collector.availability.engine import Figure, Params
from collector.availability.windows import Flag, FlagCode

_DECIMALS = 6
Json = dict[str, Any]
_STATE = ("down", "degraded", "up", "none")
_AT_CODES = (FlagCode.LATE, FlagCode.CAPPED)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a signed figure names beside what the engine knows; digests in hex."""

    contract: str = ""
    scheme: str = ""
    tree: str = ""
    zone: str = "Asia/Shanghai"
    mark: str = "provisional"
    predecessor: str = ""
    chains: tuple[tuple[str, int, int, str], ...] = ()
    """(chain, first seq, last seq, digest)"""


def percent(value: Fraction | None) -> str | None:
    """Six decimals, truncated; None stays None."""
    if value is None:
        return None
    scaled = value.numerator * 100 * 10**_DECIMALS // value.denominator
    whole, rest = divmod(scaled, 10**_DECIMALS)
    return f"{whole}.{rest:0{_DECIMALS}d}"


def target_of(text: str) -> Fraction:
    """A target written in percent ("99.9" or "99.9%") as a ratio."""
    value = Fraction(text.strip().removesuffix("%")) / 100
    if not 0 <= value <= 1:
        raise ValueError(f"a target is between 0 and 100 percent, not {text}")
    return value


def flag_text(flag: Flag, base_ms: int = 0) -> str:
    """A flag in words, its instant in seconds from `base_ms`."""
    if flag.code not in _AT_CODES or flag.at_ms is None:
        return f"{flag.subject}: {flag.code}"
    return f"{flag.subject}: {flag.code} {seconds(flag.at_ms - base_ms)}"


def seconds(ms: int) -> str:
    """Milliseconds as seconds, exactly, without idle zeros."""
    whole, rest = divmod(abs(ms), 1000)
    text = f"{whole}.{rest:03d}".rstrip("0").rstrip(".")
    return f"-{text}" if ms < 0 else text


def exact(value: Fraction | None) -> list[int] | None:
    """A fraction as [numerator, denominator]."""
    return None if value is None else [value.numerator, value.denominator]


def figure_json(figure: Figure, provenance: Provenance | None = None) -> Json:
    """Everything a signed figure carries (3.17); instants and lengths in ms, ratios exact and as text."""
    shares = figure.ratios
    names = ("known", "low", "high", "coverage", "score")
    out: Json = {
        "formula": figure.formula,
        "period": {"from": figure.from_ms, "to": figure.to_ms, "evaluated_to": figure.evaluated_to_ms},
        "options": params_json(figure.params),
        "calendar": figure.calendar,
        "buckets": {slot.name: getattr(figure.buckets, slot.name) for slot in fields(figure.buckets)},
        "percent": {name: percent(getattr(shares, name)) for name in names},
        "exact": {name: exact(getattr(shares, name)) for name in (*names, "budget", "cap")},
        "down_min": figure.bounds.down_min,
        "down_max": figure.bounds.down_max,
        "verdict": str(figure.bounds.verdict),
        "meets": figure.meets,
        "longest_gap": figure.longest_gap_ms,
        "observations": figure.observations,
        "observations_whole": figure.observations_whole,
        "attested": figure.attested_ms,
    }
    out.update(_lists(figure))
    if provenance is not None:
        out["provenance"] = {**asdict(provenance), "chains": [list(chain) for chain in provenance.chains]}
    return out


def params_json(params: Params) -> Json:
    """All options of a figure."""
    rules = params.faults
    return {
        "target": exact(params.target),
        "available_if": "degraded" if params.degraded_is_available else "up",
        "unknown_cap_budget": exact(params.unknown_cap_budget),
        "exclude_scope": str(params.exclude_scope),
        "min_notice": params.min_notice_ms,
        "maintenance_cap": params.maintenance_cap_ms,
        "clock_uncertainty": params.clock_uncertainty_ms,
        "fault_profile": None if rules.profile is None else str(rules.profile),
        "core": rules.core,
        "merge_gap": rules.merge_gap_ms,
        "min_fault": rules.min_fault_ms,
        "recover_stable": rules.recover_stable_ms,
    }


def _lists(figure: Figure) -> Json:
    return {
        "faults": [asdict(fault) | {"levels": list(fault.levels)} for fault in figure.faults],
        "blips": [asdict(blip) for blip in figure.blips],
        "divergences": [
            {
                "check": found.check,
                "from_ms": found.from_ms,
                "to_ms": found.to_ms,
                "opinions": {vantage: _STATE[state] for vantage, state in found.opinions},
            }
            for found in figure.divergences
        ],
        "windows": [asdict(window) | {"kind": str(window.kind)} for window in figure.windows],
        "flags": [
            {"code": str(flag.code), "subject": flag.subject, "at_ms": flag.at_ms} for flag in figure.flags
        ],
        "evidence": [asdict(series) for series in figure.evidence],
        "segments": [[start, end, str(cls)] for start, end, cls in figure.segments],
    }
