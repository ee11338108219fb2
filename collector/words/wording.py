"""Words for checks, readings, states, reasons and numbers, made here once for pages and documents alike.

Evidence carries code words only. A code word without wording here is shown as it is, never dropped.
"""

from fractions import Fraction
from functools import cache

from checks import registry
from checks.api import Number, Reading, Unit
from collector.words.codes import CLASSES, KINDS, OTHER, READINGS, REASONS, STATES

LANGUAGES = ("zh", "en")
Words = dict[str, tuple[str, str]]
_DASH = "–"


def _of(table: Words, code: str, lang: str) -> str:
    words = table.get(code)
    return code if words is None else words[LANGUAGES.index(lang)]


def state(code: str, lang: str) -> str:
    """A state of a reading, a result, a service, a round or an agent."""
    return _of(STATES, code, lang)


def time_class(code: str, lang: str) -> str:
    """What a stretch of time counts as."""
    return _of(CLASSES, code, lang)


def kind(code: str, lang: str) -> str:
    """Kind of a log entry, of a header, or of an asset."""
    return _of(KINDS, code, lang)


def other(code: str, lang: str) -> str:
    """Verdicts, flags, votes, kinds of windows, sources."""
    return _of(OTHER, code, lang)


def event(kind: str, detail: str) -> str:
    """What an event of a chain is about; of a clock that is off (kept in µs) by how many seconds."""
    return f"{int(detail) / 1e6:+.3f} s" if kind == "clock" and detail.lstrip("-").isdigit() else detail


def reason(code: str, lang: str) -> str:
    """Why a reading is what it is, or why it could not be taken."""
    return _of(REASONS, code, lang)


@cache
def check(check_id: str, lang: str) -> str:
    """Title of a check; its id if it is not installed here."""
    try:
        found = registry.get(check_id)
    except registry.UnknownCheckError:
        return check_id
    return found.title if lang == "zh" else found.title_en


def reading(name: str, lang: str) -> str:
    """Name of a reading: a known word, `subject:word`, or the subject itself."""
    if name in READINGS:
        return _of(READINGS, name, lang)
    subject, mark, last = name.rpartition(":")
    if mark and last in READINGS:
        return f"{subject} {_of(READINGS, last, lang)}"
    return name


def looked_at(check_id: str, name: str, lang: str) -> str:
    """A check and its reading; what both are called is said once."""
    title, said = check(check_id, lang), reading(name, lang)
    return title if title == said else f"{title} · {said}"


def value(one: Reading, lang: str) -> str:
    """The reading's number with its unit; a dash where there is none."""
    if one.value is None:
        return _DASH
    if one.unit is Unit.NONE and one.name.rpartition(":")[2] in _YES_NO:
        return _of(OTHER, "yes" if one.value else "no", lang)
    return number(one.value, one.unit, lang)


_YES_NO = frozenset(
    {
        "link",
        "read_only",
        "synchronised",
        "complexity",
        "lockout",
        "root_login",
        "empty_passwords",
        "password_login",
        "access_list",
        "configuration",
        "closed",
        "running",
        "restart_due",
        # levels of a backup
        "present",
        "fresh",
        "placed",
        "unchanged",
        "well_formed",
        "sealed",
        "connected",
        "true",
        "restorable",
        "usable",
    }
)
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def number(amount: Number, unit: Unit, lang: str) -> str:
    """A number with its unit, short enough to read: two decimals, truncated towards zero."""
    if unit is Unit.BYTES:
        return _size(amount)
    if unit is Unit.BYTES_PER_SECOND:
        return f"{_size(amount)}/s"
    if unit is Unit.SECONDS:
        return duration(int(amount * 1000), lang)
    if unit is Unit.MICROSECONDS:
        return f"{decimals(Fraction(amount, 1000))} ms"
    if unit is Unit.RATIO:
        return f"{decimals(Fraction(amount) * 1_000_000)} ppm"
    return f"{decimals(amount)}{_of(_UNITS, unit.value, lang)}"


_UNITS: Words = {
    "percent": (" %", " %"),
    "count": ("", ""),
    "ms": (" ms", " ms"),
    "d": (" 天", " d"),
    "per_s": ("/s", "/s"),
    "bits": (" 位", " bits"),
    "celsius": (" °C", " °C"),
    "none": ("", ""),
}


def decimals(amount: Number, places: int = 2) -> str:
    """At most `places` decimals, truncated towards zero, no idle zeros."""
    if isinstance(amount, int) or amount.denominator == 1:
        return str(int(amount))
    scale = 10**places
    whole = abs(amount.numerator) * scale // amount.denominator
    text = f"{whole // scale}.{whole % scale:0{places}d}".rstrip("0").rstrip(".")
    return f"-{text}" if amount < 0 and whole else text


def _size(amount: Number) -> str:
    step, left = 0, Fraction(amount)
    while abs(left) >= 1024 and step < len(_SIZES) - 1:
        left /= 1024
        step += 1
    return f"{decimals(left)} {_SIZES[step]}"


_SPANS = ((86_400_000, ("天", "d")), (3_600_000, ("小时", "h")), (60_000, ("分", "min")), (1000, ("秒", "s")))


def duration(ms: int, lang: str) -> str:
    """A length of time in its two largest units; below a second in ms."""
    if 0 < abs(ms) < 1000:
        return f"{ms} ms"
    if ms == 0:
        return "0秒" if lang == "zh" else "0 s"
    parts, left = [], abs(ms)
    for size, words in _SPANS:
        amount, left = divmod(left, size)
        if amount:
            gap = "" if lang == "zh" else " "
            parts.append(f"{amount}{gap}{words[LANGUAGES.index(lang)]}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return ("-" if ms < 0 else "") + " ".join(parts)


def share(ratio: Fraction | None, places: int = 6) -> str:
    """A ratio as percent, truncated, so that a miss never prints as a hit."""
    if ratio is None:
        return _DASH
    scaled = ratio.numerator * 100 * 10**places // ratio.denominator
    return f"{scaled // 10**places}.{scaled % 10**places:0{places}d} %"
