"""Charts as SVG made here: the same picture goes into pages and documents, with its numbers beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape
from itertools import pairwise

from markupsafe import Markup

# What a strip tells apart, best last: the order in which a column is stacked from below.
GROUPS = ("up", "excluded", "unknown", "degraded", "down")
_GROUP = {
    "up": "up",
    "degraded": "degraded",
    "down": "down",
    "unknown": "unknown",
    "maintenance": "excluded",
    "other_excluded": "excluded",
    "off_hours": "excluded",
    "not_in_service": "excluded",
}
_FILL = {
    "up": "#2f9e5b",
    "excluded": "#dfe3ea",
    "unknown": "#9aa3b2",
    "degraded": "#f0a202",
    "down": "#c92a2a",
}
_WIDTH, _STEP, _HEIGHT = 8, 10, 40
# A bad minute in a day would be invisible to scale; this much of the column is always shown.
_LEAST = {"down": 6.0, "degraded": 5.0, "unknown": 3.0, "excluded": 0.0, "up": 0.0}


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day of the contract's zone: milliseconds per group; nothing at all for the future."""

    name: str
    start: int
    end: int
    amounts: Mapping[str, int]

    @property
    def known(self) -> int:
        """Milliseconds somebody watched."""
        return sum(self.amounts.get(group, 0) for group in ("up", "degraded", "down"))


def midnights(from_ms: int, to_ms: int, zone: tzinfo) -> list[int]:
    """Edges of the local days that [from, to) touches, the first and last cut to it."""
    edges = [from_ms]
    day = datetime.fromtimestamp(from_ms / 1000, zone).date()
    while edges[-1] < to_ms:
        day += timedelta(days=1)
        local = datetime(day.year, day.month, day.day, tzinfo=zone)
        edges.append(min(to_ms, round(local.astimezone(UTC).timestamp() * 1000)))
    return edges


def days(segments: Iterable[tuple[int, int, str]], from_ms: int, to_ms: int, zone: tzinfo) -> list[Day]:
    """Segments of a figure by local day."""
    edges = midnights(from_ms, to_ms, zone)
    parts = sorted(segments)
    out = []
    at = 0
    for start, end in pairwise(edges):
        amounts: dict[str, int] = {}
        while at < len(parts) and parts[at][1] <= start:
            at += 1
        for begin, finish, cls in parts[at:]:
            if begin >= end:
                break
            group = _GROUP[str(cls)]
            amounts[group] = amounts.get(group, 0) + min(end, finish) - max(start, begin)
        name = datetime.fromtimestamp(start / 1000, zone).strftime("%Y-%m-%d")
        out.append(Day(name, start, end, amounts))
    return out


def strip(columns: Sequence[Day], label: str, notes: Sequence[str], prefix: str) -> Markup:
    """One column a day; `label` says it all in words, `notes` are the days' own texts."""
    width = max(1, len(columns) * _STEP - (_STEP - _WIDTH))
    shapes = "".join(
        f"<g><title>{escape(note)}</title>{_column(day, index * _STEP, prefix)}</g>"
        for index, (day, note) in enumerate(zip(columns, notes, strict=True))
    )
    return Markup(  # noqa: S704 - every text above is escaped
        f'<svg class="strip" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {_HEIGHT}" '
        f'preserveAspectRatio="none" xmlns="http://www.w3.org/2000/svg">{_patterns(prefix)}{shapes}</svg>'
    )


def swatch(group: str, prefix: str) -> Markup:
    """A small square of the group's fill, for legends."""
    fill = _paint(group, prefix)
    return Markup(  # noqa: S704 - constants only
        f'<svg class="swatch" aria-hidden="true" width="14" height="14" viewBox="0 0 14 14">'
        f"{_patterns(prefix)}"
        f'<rect width="14" height="14" rx="2" fill="{fill}"/></svg>'
    )


def _patterns(prefix: str) -> str:
    """Unknown and degraded carry a pattern: colour is never the only sign."""
    return (
        f'<defs><pattern id="{prefix}u" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="6" height="6" fill="#c3cad6"/>'
        f'<rect width="3" height="6" fill="{_FILL["unknown"]}"/></pattern>'
        f'<pattern id="{prefix}d" width="4" height="4" patternUnits="userSpaceOnUse">'
        f'<rect width="4" height="4" fill="{_FILL["degraded"]}"/>'
        f'<rect width="4" height="1.4" fill="#8a5b00"/></pattern></defs>'
    )


def _paint(group: str, prefix: str) -> str:
    marks = {"unknown": f"url(#{prefix}u)", "degraded": f"url(#{prefix}d)"}
    return marks.get(group, _FILL[group])


def _column(day: Day, x: int, prefix: str) -> str:
    """Heights to scale, but nothing bad thinner than can be seen."""
    total = sum(day.amounts.values())
    if not total:
        return f'<rect x="{x}" y="0.5" width="{_WIDTH}" height="{_HEIGHT - 1}" fill="none" stroke="#dfe3ea"/>'
    heights = {
        group: max(_HEIGHT * day.amounts[group] / total, _LEAST[group])
        for group in GROUPS
        if day.amounts.get(group)
    }
    scale = _HEIGHT / sum(heights.values())
    out, y = [], float(_HEIGHT)
    for group, height in heights.items():
        y -= height * scale
        out.append(
            f'<rect x="{x}" y="{y:.2f}" width="{_WIDTH}" height="{height * scale:.2f}" '
            f'fill="{_paint(group, prefix)}"/>'
        )
    return "".join(out)
