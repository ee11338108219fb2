"""Backups as strips: one box a slot or a day, its fill and sign from the state word; titles say it all."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

OK, WARN, BAD, UNKNOWN, NOTE, IDLE = "ok", "warn", "bad", "unknown", "note", "idle"
GROUPS = (OK, WARN, BAD, UNKNOWN, NOTE, IDLE)
_GROUP = {
    **dict.fromkeys(("on_time", "double", "restorable", "good"), OK),
    **dict.fromkeys(("late", "warn"), WARN),
    **dict.fromkeys(("missed", "bad", "lost", "none"), BAD),
    **dict.fromkeys(("unproven", "unseen", "could_not_tell"), UNKNOWN),
    **dict.fromkeys(("due", "running", "open"), NOTE),
    **dict.fromkeys(("excused", "expired"), IDLE),
}
_FILL = {OK: "#2f9e5b", WARN: "#f0a202", BAD: "#c92a2a", UNKNOWN: "#c3cad6", NOTE: "#ffffff", IDLE: "#e8ebf0"}
_WIDTH, _STEP, _HEIGHT = 8, 10, 22


@dataclass(frozen=True, slots=True)
class Box:
    """One slot or day: its state word (`b_…`), and what its title says."""

    word: str
    title: str


def group_of(word: str) -> str:
    """How a state word looks."""
    return _GROUP.get(word.removeprefix("b_"), UNKNOWN)


def strip(boxes: Sequence[Box], label: str) -> Markup:
    """The boxes side by side; `label` says it all in words."""
    width = max(_WIDTH, len(boxes) * _STEP - (_STEP - _WIDTH))
    shapes = "".join(
        f"<g><title>{escape(box.title)}</title>{_box(group_of(box.word), index * _STEP)}</g>"
        for index, box in enumerate(boxes)
    )
    return Markup(  # noqa: S704 - every text above is escaped
        f'<svg class="slots" role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {_HEIGHT}" '
        f'preserveAspectRatio="none" width="{width}" height="{_HEIGHT}" xmlns="http://www.w3.org/2000/svg">{shapes}</svg>'
    )


def swatch(group: str) -> Markup:
    """One box for legends."""
    return Markup(  # noqa: S704 - constants only
        f'<svg class="swatch" aria-hidden="true" width="{_WIDTH}" height="14" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">{_box(group, 0)}</svg>'
    )


def _box(group: str, x: int) -> str:
    """Colour is never the only sign: bad is crossed, late is notched, unknown is hatched, due is hollow."""
    stroke = ' stroke="#5b6778" stroke-width="1"' if group == NOTE else ""
    inset = 0.5 if group == NOTE else 0
    made = (
        f'<rect x="{x + inset}" y="{inset}" width="{_WIDTH - 2 * inset}" height="{_HEIGHT - 2 * inset}" '
        f'rx="1.5" fill="{_FILL[group]}"{stroke}/>'
    )
    return made + _SIGNS.get(group, "").replace("X", str(x))


_SIGNS = {
    BAD: '<path transform="translate(X 0)" d="M1.5 8 6.5 14M6.5 8 1.5 14" stroke="#fff" stroke-width="1.6"/>',
    WARN: '<rect transform="translate(X 0)" y="17" width="8" height="3" fill="#6b4700"/>',
    UNKNOWN: '<path transform="translate(X 0)" d="M0 8 8 0M0 16 8 8M2 22 8 16" stroke="#6b7686" '
    'stroke-width="1.4"/>',
}
