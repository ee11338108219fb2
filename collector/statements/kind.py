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


class Paper(StrEnum):
    """Whether a document comes with it."""

    MAY = "may"
    MUST = "must"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `who`: roles that may make it; `two`: another account must join in before it counts;
    `when`: the field with the time it speaks of; `one_of`: of these fields exactly one is there."""

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
    older: bool = False
    """Its entries have a form of their own, from before there were schemas."""

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
    return made


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
            raise FieldsError("missing_field", one.name, "is missing")


def _together(kind: Kind, fields: Mapping[str, Scalar]) -> None:
    if kind.one_of and sum(name in fields for name in kind.one_of) != 1:
        raise FieldsError(
            "missing_field", kind.one_of[0], f"exactly one of {', '.join(kind.one_of)} is wanted"
        )
    begin, end = fields.get("from"), fields.get("to")
    if begin is not None and end is not None and type(begin) is type(end) and end <= begin:  # type: ignore[operator]  # of one type, which orders
        raise FieldsError("bad_field", "to", "does not end after it begins")
