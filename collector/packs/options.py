"""Which reading of each ambiguity holds: the pack's defaults and what was chosen instead."""

from collections.abc import Mapping
from difflib import get_close_matches

from collector.packs.checking import fits
from collector.packs.model import Pack
from collector.scoring.choices import shown
from collector.scoring.terms import Option, Value

Chosen = Mapping[str, Value]


class OptionError(ValueError):
    """An option that the pack does not have, or a value that it does not allow."""

    code = "bad_option"

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.problem = problem


def resolve(pack: Pack, chosen: Chosen) -> dict[str, Value]:
    """The value of every option; OptionError for an unknown key or a value it can't take."""
    known = {option.key: option for option in pack.options}
    for key, value in chosen.items():
        if key not in known:
            near = get_close_matches(key, list(known), n=1)
            raise OptionError(key, "no such option" + (f"; did you mean {near[0]}?" if near else ""))
        if wrong := fits(known[key], value):
            raise OptionError(key, wrong)
    return {key: chosen.get(key, option.default) for key, option in known.items()}


def from_text(option: Option, text: str) -> Value:
    """The value that somebody wrote as a text (lists with commas); OptionError if it is none."""
    value = _plain(option, text.strip())
    if wrong := fits(option, value):
        raise OptionError(option.key, wrong)
    return value


def _plain(option: Option, text: str) -> Value:
    if isinstance(option.default, tuple):
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return tuple(_scalar(option, part) for part in parts)
    return _scalar(option, text)


def _scalar(option: Option, text: str) -> str | int | bool | None:
    for one in option.allowed:
        if shown(one) == text:
            return one
    return int(text) if text.removeprefix("-").isdecimal() else text
