"""A refusal of the core in the asker's language: by its code, the field's name, what the contract allows."""

import re
from collections.abc import Callable, Mapping

from checks.wire.numbers import MAX_BODY
from collector.judging import fits
from collector.judging.judge import NoScorecard
from collector.scoring.choices import shown
from collector.scoring.rules import number
from collector.scoring.terms import Option
from collector.statements.fields import MOST, Field, Type
from collector.statements.kind import ROWS, Kind
from collector.web import i18n
from collector.web.catalogue import TEXTS
from collector.web.pages.base import t

_ENTRY = re.compile(r"entry (\d+)")
MOST_MB = MAX_BODY // 2**20  # of a document
_MOST_NAMES = 30
_MOST_WHOLE = 10**12


def titled(field: Field) -> str:
    """A field's name."""
    return field.zh if i18n.language() == "zh" else field.en


def why(
    error: Exception,
    kind: Kind | None = None,
    given: Mapping[str, str] | None = None,
    frame: fits.Frame | None = None,
) -> str:
    """Why a statement is refused: `error` has the `code`, and a text that begins with the field's name.

    What has no words here (a code that is new) is told as the core tells it.
    """
    code, detail = str(getattr(error, "code", "")), str(error)
    name = detail.partition(": ")[0]
    field = None if kind is None else kind.field(name)
    said = _SAID.get(code, _plain)(code, detail, field, kind)
    if code == "out_of_range" and field is not None and kind is not None:
        said = _range(kind, field, given or {}, frame)
    return said if field is None else t("refused.field", field=titled(field), why=said)


def told(what: str, error: Exception) -> str:
    """Why something else is refused: the words of its code, else as the core tells it."""
    key = f"refused.{what}.{getattr(error, 'code', '')}"
    return t(key) if key in TEXTS else str(error)


def _plain(code: str, detail: str, _field: Field | None, _kind: Kind | None) -> str:
    if f"refused.{code}" not in TEXTS:
        return f"{code}: {detail}"
    entry = _ENTRY.search(detail)
    names = detail.partition("there are: ")[2] or detail.partition("yet: ")[2]
    entry_ = entry.group(1) if entry else "–"
    return t(f"refused.{code}", entry=entry_, names=_short(names), range="", size=MOST_MB)


def _short(names: str) -> str:
    found = names.split(", ")
    return ", ".join(found[:_MOST_NAMES]) + (" …" if len(found) > _MOST_NAMES else "")


def _titles(kind: Kind, names: tuple[str, ...]) -> str:
    fields = [kind.field(name) for name in names]
    return t("judging.part").join(titled(one) for one in fields if one is not None)


def _missing(_code: str, _detail: str, field: Field | None, kind: Kind | None) -> str:
    if field is None or kind is None:
        return t("refused.missing_field")
    if field.name in kind.one_of:
        return t("refused.one_of", names=_titles(kind, kind.one_of))
    if field.name in ROWS and not _detail.endswith("is wanted"):
        return t("refused.rows")
    if field.name in kind.any_of and not field.required:
        return t("refused.any_of", names=_titles(kind, kind.any_of))
    return t("refused.missing_field")


def _bad(_code: str, detail: str, field: Field | None, _kind: Kind | None) -> str:
    if detail.endswith("after it begins"):
        return t("refused.bad.order")
    if "control characters" in detail:
        return t("refused.bad.hidden")
    if field is None:
        return t("refused.bad_field")
    least, most = field.least or 0, _MOST_WHOLE if field.most is None else field.most
    words = {
        Type.TEXT: "text",
        Type.WORD: "word",
        Type.FLAG: "flag",
        Type.COUNT: "number",
        Type.ENTRY: "number",
        Type.DECIMAL: "decimal",
        Type.INSTANT: "instant",
        Type.DAY: "day",
        Type.PERIOD: "period",
    }
    told = most if field.type is not Type.TEXT else MOST
    return t(f"refused.bad.{words.get(field.type, 'id')}", least=least, most=told)


def _future(code: str, detail: str, field: Field | None, kind: Kind | None) -> str:
    if detail.endswith("has not begun"):
        return t("refused.not_begun")
    return t("refused.not_over") if "is not over" in detail else _plain(code, detail, field, kind)


def _twice(code: str, detail: str, field: Field | None, kind: Kind | None) -> str:
    return _plain(code, detail, field, kind) if "says exactly" in detail else t("refused.joined")


_SAID: Mapping[str, Callable[[str, str, Field | None, Kind | None], str]] = {
    "missing_field": _missing,
    "bad_field": _bad,
    "in_future": _future,
    "twice": _twice,
}


def _range(kind: Kind, field: Field, given: Mapping[str, str], frame: fits.Frame | None) -> str:
    found = None if frame is None else dict(fits.bounds(kind.name, given, frame)).get(field.name)
    if found is None:
        return t("refused.no_range")
    told = t("statements.range", least=number(found.least), most=number(found.most), clause=found.clause)
    return t("refused.out_of_range", range=told, entry="", names="")


def unjudged(error: NoScorecard) -> str:
    """Why there is no scorecard, no seal or no settlement."""
    code = "begins_later" if error.code == "not_begun" else error.code
    return _plain(code, str(error), None, None)


def option(option: Option) -> str:
    """What an option of the pack can be."""
    names = ", ".join(shown(one) for one in option.allowed)
    if isinstance(option.default, tuple):
        return t("refused.option.list", names=names)
    if option.allowed:
        return t("refused.option.names", names=names)
    return t("refused.option.number", least=option.least, most=option.most)
