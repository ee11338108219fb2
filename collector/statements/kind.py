"""What a kind of statement is: its fields, who may make it, when it is late. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from collector.statements.fields import REFERENCES, Field, FieldsError, Type, check, read
from collector.statements.lateness import NEVER, Late
from collector.statements.model import Scalar

VENDOR = frozenset({"operator", "manager", "admin"})
MANAGERS = frozenset({"manager", "admin"})
BUYER = frozenset({"buyer"})
BOTH = MANAGERS | BUYER
ANY = VENDOR | BUYER


ROWS = ("row1", "row2", "row3", "row4", "row5")
"""Fields of a form of satisfaction with five rows (Luohe)."""


class Paper(StrEnum):
    """Whether a document comes with it."""

    MAY = "may"
    MUST = "must"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `who`: roles that may make it; `two`: another account must join in before it counts;
    `when`: the field with the time it speaks of; `one_of`: of these fields exactly one is there; `not_both`:
    at most one; `any_of`: at least one is wanted of whoever makes it now."""

    name: str
    zh: str
    en: str
    fields: tuple[Field, ...]
    who: frozenset[str]
    when: str = ""
    late: Late = NEVER
    two: bool = False
    paper: Paper = Paper.MAY
    one_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    older: bool = False
    """Its entries have a form of their own, from before there were schemas."""
    not_both: tuple[str, ...] = ()

    @property
    def about(self) -> tuple[str, ...]:
        """Names of the fields that say what it is about: fault, unit, system, asset, period …"""
        own = {*REFERENCES, Type.PERIOD, Type.ACCOUNT}
        return tuple(one.name for one in self.fields if one.type in own)

    def field(self, name: str) -> Field | None:
        """The field of this name."""
        return next((one for one in self.fields if one.name == name), None)

    def subject(self, fields: Mapping[str, Scalar]) -> str:
        """What it is about, in one text: the first such field that is there."""
        return next((str(fields[name]) for name in self.about if fields.get(name) is not None), "")


def written(kind: Kind, given: Mapping[str, str]) -> dict[str, Scalar]:
    """Fields as a person wrote them, in the kind's order; FieldsError names the one that is wrong."""
    _names(kind, given)
    made = {one.name: read(one, given[one.name]) for one in kind.fields if one.name in given}
    _together(kind, made)
    complete(kind, made)
    return made


def complete(kind: Kind, fields: Mapping[str, Scalar]) -> None:
    """Whether it says what is asked of a statement that is made now (one in the log may be older than that);
    FieldsError names the field."""
    if kind.any_of and not any(name in fields for name in kind.any_of):
        raise FieldsError(
            "missing_field", kind.any_of[0], f"at least one of {', '.join(kind.any_of)} is wanted"
        )
    rows = [name for name in ROWS if name in fields]
    if rows and len(rows) < len(ROWS) and kind.field(ROWS[0]) is not None:
        missing = next(name for name in ROWS if name not in fields)
        raise FieldsError("missing_field", missing, "a form has all its rows, or none")


def checked(kind: Kind, fields: Mapping[str, Scalar]) -> None:
    """Fields as they stand in signed bytes; FieldsError names the one that is wrong."""
    _names(kind, fields)
    for one in kind.fields:
        if one.name in fields:
            check(one, fields[one.name])
    _together(kind, fields)


def _names(kind: Kind, given: Mapping[str, object]) -> None:
    known = {one.name for one in kind.fields}
    for name in given:
        if name not in known:
            raise FieldsError("unknown_field", name, f"unknown field; {', '.join(sorted(known))} are known")
    for one in kind.fields:
        if one.required and one.name not in given:
            raise FieldsError("missing_field", one.name, f"is missing; {kind.name} wants it: {one.form}")


def _together(kind: Kind, fields: Mapping[str, Scalar]) -> None:
    if kind.one_of and sum(name in fields for name in kind.one_of) != 1:
        raise FieldsError(
            "missing_field", kind.one_of[0], f"exactly one of {', '.join(kind.one_of)} is wanted"
        )
    if sum(name in fields for name in kind.not_both) > 1:
        raise FieldsError("bad_field", kind.not_both[1], f"not both {' and '.join(kind.not_both)}")
    begin, end = fields.get("from"), fields.get("to")
    if begin is not None and end is not None and type(begin) is type(end) and end <= begin:  # type: ignore[operator]  # of one type, which orders
        raise FieldsError("bad_field", "to", "does not end after it begins")
    since, until = fields.get("since"), fields.get("until")  # days, the last one included
    if since is not None and until is not None and str(until) < str(since):
        raise FieldsError("bad_field", "until", "does not end after it begins")
