"""Worked scorecards: a parsed case file in, what pack and rules make of every example out.

A case becomes facts and goes through the same `score` and `settle` as the store's evidence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from collector.availability.case_report import CaseReport, CaseResult, report_of
from collector.availability.case_values import Value
from collector.availability.errors import CaseError
from collector.packs.model import Compiled
from collector.packs.options import OptionError
from collector.scoring import case_huaian, case_luohe, case_pingdingshan
from collector.scoring.case_read import Case

Got = dict[str, Any]
PackOf = Callable[[str], Compiled]
_EXAMPLE = "id title why scheme pack options input expect"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the cases of a scheme are read: its usual pack, spellings of options, the answer."""

    pack: str
    options: Mapping[str, str]
    answer: Callable[[Case], Got]
    money: str
    """The rule of money that a pack must have to be read so."""


SCHEMES: Mapping[str, Scheme] = {
    "luohe_monthly": Scheme("luohe-2026", {}, case_luohe.answer, "fee"),
    "pds_quarterly": Scheme("pingdingshan-2024", {}, case_pingdingshan.answer, "rate"),
    "huaian_yearly": Scheme(
        "huaian-2025", {"missed_month": "missed_month_points"}, case_huaian.answer, "ratio"
    ),
}


def run_cases(document: object, pack_of: PackOf) -> CaseReport:
    """Score every example of a parsed case file. CaseError: the document is no list of examples."""
    return report_of(document, lambda name, raw: run_case(name, raw, pack_of))


def run_case(name: str, raw: dict[str, Any], pack_of: PackOf) -> CaseResult:
    """Score one example; a bad one is a CaseError naming example and field."""
    case, scheme = _read(name, raw, pack_of)
    expect = raw.get("expect")
    if expect is not None and not isinstance(expect, dict):
        raise CaseError(name, "expect", "must be a mapping of results")
    try:
        got = scheme.answer(case)
    except OptionError as error:
        raise CaseError(name, f"options.{error.key}", error.problem) from None
    except ValueError as error:
        raise CaseError(name, "input", str(error)) from None
    shaped = got if expect is None else like(got, expect)
    return CaseResult(name, shaped, None if expect is None else _equal(shaped, expect))


def _read(name: str, raw: dict[str, Any], pack_of: PackOf) -> tuple[Case, Scheme]:
    keys = Value(name, "", raw).mapping(_EXAMPLE)
    if "scheme" not in keys:
        raise CaseError(name, "scheme", f"missing; one of {', '.join(SCHEMES)}")
    scheme = SCHEMES[keys["scheme"].one_of(*SCHEMES)]
    pack = keys["pack"].text() if raw.get("pack") is not None else scheme.pack
    try:
        compiled = pack_of(pack)
    except Exception as error:
        if getattr(error, "code", "") != "bad_pack":
            raise
        raise CaseError(name, "pack", str(error)) from None
    if getattr(compiled.pack.scoring.money, scheme.money) is None:
        raise CaseError(name, "pack", f"{pack} is no pack of the scheme {keys['scheme'].raw}")
    given = keys["options"].mapping() if raw.get("options") is not None else {}
    options = {scheme.options.get(key, key): _option(value) for key, value in given.items()}
    inner = raw.get("input")
    return Case(compiled, options, Value(name, "input", {} if inner is None else inner)), scheme


def _option(value: Value) -> Any:
    if isinstance(value.raw, list):
        return tuple(value.raw)
    if isinstance(value.raw, float) and value.raw.is_integer():
        return int(value.raw)
    if isinstance(value.raw, float | dict):
        raise value.wrong(f"must be a word or a whole number, not {value.raw!r}")
    return value.raw


def like(got: Any, expect: Any) -> Any:
    """What was got with the keys and types of what is expected; a key that we do not know is null."""
    if isinstance(expect, dict) and isinstance(got, dict):
        return {key: like(got.get(key), one) for key, one in expect.items()}
    if isinstance(expect, list) and isinstance(got, list) and len(expect) == len(got):
        return [like(one, other) for one, other in zip(got, expect, strict=True)]
    if isinstance(got, int) and isinstance(expect, str) and not isinstance(got, bool):
        return str(got)
    if isinstance(got, str) and isinstance(expect, int | float) and not isinstance(expect, bool):
        return _numeric(got)
    return got


def _numeric(text: str) -> Any:
    try:
        value = Fraction(text)
    except ValueError:
        return text
    return value.numerator if value.denominator == 1 else float(value)


def _equal(got: Any, expect: Any) -> bool:
    """Equal, and of one type: true is no 1."""
    if isinstance(got, dict) and isinstance(expect, dict):
        return got.keys() == expect.keys() and all(_equal(one, expect[key]) for key, one in got.items())
    if isinstance(got, list) and isinstance(expect, list):
        return len(got) == len(expect) and all(_equal(a, b) for a, b in zip(got, expect, strict=True))
    return isinstance(got, bool) == isinstance(expect, bool) and bool(got == expect)
