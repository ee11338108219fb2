"""Causes of a line in words."""

from collections.abc import Mapping

from collector.words.judging import JUDGING


def cause(code: str, numbers: Mapping[str, str], lang: str) -> str:
    """The sentence of a cause; code and numbers where there is none."""
    words = JUDGING.get(f"judging.cause.{code}")
    if words is not None:
        try:
            return words[0 if lang == "zh" else 1].format(**numbers)
        except (KeyError, IndexError):
            pass
    return " ".join((code, *(f"{key}={value}" for key, value in numbers.items())))
