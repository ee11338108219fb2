"""One bad bundle per defect. Each maker takes the kit and returns a path; its name is the defect.

`MAKERS` says which code must be among the findings. Makers that end in `_by_liar` have the log key too. They
live by subject in `defects/`.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from parts import loaded

Maker = Callable[[Any, Path], Path]
MAKERS: dict[str, tuple[str, Maker]] = {}


def defect(code: str) -> Callable[[Maker], Maker]:
    """Enter a maker under the code that must be found."""

    def note(made: Maker) -> Maker:
        assert made.__name__ not in MAKERS, made.__name__
        MAKERS[made.__name__] = (code, made)
        return made

    return note


def spoiled(code: str) -> Callable[[Callable[[Any, Any], None]], Maker]:
    """Enter what changes the parts of the good bundle, which are then sealed by the log key and written."""

    def note(change: Callable[[Any, Any], None]) -> Maker:
        @defect(code)
        @wraps(change)
        def made(kit: Any, out: Path) -> Path:
            parts = kit.parts()
            change(kit, parts)
            parts.seal(kit.log)
            return parts.write(out, kit.log)

        return made

    return note


for _room in sorted((Path(__file__).parent / "defects").glob("*.py")):
    loaded(f"verify/defects/{_room.name}")
