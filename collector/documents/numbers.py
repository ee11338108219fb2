"""Numbers of a scorecard as they are printed: points, percentages, yuan, and from one to the other."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from collector.words.judging import text


def points(value: Fraction | None, places: int = 2) -> str:
    """Points with up to two decimals, half up; a dash where there are none. What is not whole is never shown
    as if it were: grades begin at whole points, and 89.996 is no 90."""
    if value is None:
        return "–"
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    if whole % 10**places == 0 and value.denominator != 1:
        # Beside the whole number: below it if it is less.
        whole += -1 if whole > scaled else 1
    digits = f"{whole // 10**places}.{whole % 10**places:0{places}d}".rstrip("0").rstrip(".")
    return f"-{digits}" if value < 0 and whole else digits


def percent(value: Fraction | None) -> str:
    """A percentage with up to four decimals, cut: what misses its target by less is never shown as it."""
    if value is None:
        return "–"
    whole = abs(value) * 10_000 // 1
    if whole == 0 and value:
        return "< 0.0001 %"
    digits = f"{whole // 10_000}.{whole % 10_000:04d}".rstrip("0").rstrip(".")
    return f"{'-' if value < 0 else ''}{digits} %"


def yuan(value: Decimal | None) -> str:
    """Money with its separators."""
    return "–" if value is None else f"{value:,.2f}"


def shortened(numbers: Mapping[str, str], of_percents: bool = False) -> Mapping[str, str]:
    """The numbers of a cause as they are printed: exact ones stand in the JSON."""
    return {key: _short(text, of_percents and key in ("value", "target")) for key, text in numbers.items()}


def _short(text: str, of_percents: bool) -> str:
    try:
        return percent(Fraction(text)) if of_percents else points(Fraction(text)) if "." in text else text
    except ValueError:
        return text


def span(low: str, high: str, lang: str) -> str:
    """From one to the other; one where both are the same."""
    return low if low == high else text("judging.range", lang, low=low, high=high)


def spanned(low: Decimal | None, high: Decimal | None, lang: str) -> str:
    """Yuan from the less to the more (of what falls short the best case is the smaller amount), or that there
    is no bound on that side."""
    if low is not None and high is not None:
        return span(yuan(min(low, high)), yuan(max(low, high)), lang)
    begin = text("judging.no_lower", lang) if low is None else yuan(low)
    return span(begin, text("judging.no_upper", lang) if high is None else yuan(high), lang)
