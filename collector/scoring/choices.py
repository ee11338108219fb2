"""Numbers and words of a pack's rules under the options that were chosen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Any

from collector.scoring.terms import Amount, Given, Named, Scalar, Select, Value, Wanted, Word


def shown(value: Value) -> str:
    """A value as people write it: lists with commas, `true`, `false`."""
    if isinstance(value, tuple):
        return ",".join(shown(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Choices:
    """The value of every option of a pack (`collector.packs.options.resolve`)."""

    values: Mapping[str, Value]

    def of(self, named: Named) -> Value:
        """What the rule gets for the option's value."""
        value = self.values[named.option]
        return named.map[shown(value)] if named.map else value

    def amount(self, amount: Amount) -> Fraction:
        """A number; `zero` is one too."""
        found = self.floor(amount)
        return Fraction(0) if found is None else found

    def floor(self, amount: Amount | None) -> Fraction | None:
        """A number that may be missing: `none` is none, `zero` nought."""
        if not isinstance(amount, Named):
            return amount
        value = self.of(amount)
        words = {"none": None, "zero": Fraction(0)}
        return words[value] if isinstance(value, str) and value in words else Fraction(str(value))

    def word(self, word: Word) -> str:
        """A word."""
        return shown(self.of(word)) if isinstance(word, Named) else word

    def wanted(self, wanted: Wanted) -> tuple[Scalar, ...]:
        """Values of which a fact must be one."""
        if not isinstance(wanted, Named):
            return wanted
        value = self.of(wanted)
        return value if isinstance(value, tuple) else (value,)

    def holds(self, when: Mapping[str, tuple[Scalar, ...]]) -> bool:
        """Whether every option has one of these values (of a list: one of its members)."""
        return all(
            any(one in wanted for one in self.wanted(Named(option))) for option, wanted in when.items()
        )


def options_in(part: Any) -> tuple[str, ...]:
    """Keys of the options that decide a rule, in their order there."""
    return tuple(dict.fromkeys(_keys(part)))


def kinds_in(part: Any) -> frozenset[str]:
    """Kinds of items that a rule counts."""
    return frozenset(_kinds(part))


def selects_in(part: Any) -> Iterator[Select]:
    """Everything in a rule that selects items."""
    if isinstance(part, Select):
        yield part
    elif is_dataclass(part):
        for spec in fields(part):
            yield from selects_in(getattr(part, spec.name))
    elif isinstance(part, tuple):
        for value in part:
            yield from selects_in(value)


def _kinds(part: Any) -> Iterator[str]:
    if isinstance(part, Select | Given):
        yield part.kind
    elif is_dataclass(part):
        for spec in fields(part):
            yield from _kinds(getattr(part, spec.name))
    elif isinstance(part, tuple):
        for value in part:
            yield from _kinds(value)


def named_in(part: Any) -> Iterator[Named]:
    """Everything in a rule that an option decides."""
    if isinstance(part, Named):
        yield part
    elif is_dataclass(part):
        for spec in fields(part):
            yield from named_in(getattr(part, spec.name))
    elif isinstance(part, Mapping | tuple):
        for value in part.values() if isinstance(part, Mapping) else part:
            yield from named_in(value)


def _keys(part: Any) -> Iterator[str]:
    if isinstance(part, Named):
        yield part.option
    elif is_dataclass(part):
        for spec in fields(part):
            value = getattr(part, spec.name)
            yield from value if spec.name in ("options", "when") else _keys(value)
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _keys(value)
    elif isinstance(part, tuple):
        for value in part:
            yield from _keys(value)
