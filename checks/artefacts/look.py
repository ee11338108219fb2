"""Parameters that every backup check has, and the facts around its artefacts."""

from dataclasses import dataclass

from checks.artefacts.artefact import Listed
from checks.files import Where, check_paths

LONGEST_S = 86_400
_MODES = frozenset("01234567")


@dataclass(frozen=True, slots=True)
class Look(Where):
    """`object`: the policy's object (`county/xian-1/oa-db`), for whoever reads the result. `path` (required):
    what holds the artefacts, absolute on the place; a star stands for names in one directory, and strftime's
    `%Y %m %d %H %M %S %j %V %G` for the date of the slot. `artefacts`: how many of the newest are looked at
    each time: what has not moved since it was read is not read again. `rolling`: all are read whole again,
    one part in so many looks (0: never).

    `max_age_s`: older ones of the newest `artefacts` are late (0: not asked); what is read again in its turn,
    or because a newer one is built on it, is as old as it is. `owner`: users it may belong to (none: not
    asked); `mode`: permission bits it may have at most (`0600`; none: no writing by group, nothing by
    others). `recorded`: a digest must have been recorded beside it. `budget_s`: how long one look may take
    as a whole; a single read or stat that takes longer than `timeout_ms` ends it at once.
    """

    object: str = ""
    path: str = ""
    artefacts: int = 1
    rolling: int = 28
    max_age_s: int = 0
    owner: tuple[str, ...] = ()
    mode: str = ""
    recorded: bool = False
    budget_s: int = 3600

    def __post_init__(self) -> None:
        super(Look, self).__post_init__()
        check_paths((self.path,) if self.path else (), "path")
        if not 1 <= self.artefacts <= 1000 or not 0 <= self.rolling <= 366:
            raise ValueError("artefacts must be 1 to 1000, rolling 0 to 366")
        if not 1 <= self.budget_s <= LONGEST_S or self.max_age_s < 0:
            raise ValueError(f"budget_s must be 1 to {LONGEST_S}, max_age_s not below 0")
        if len(self.mode) > 5 or set(self.mode) - _MODES:
            raise ValueError(f"mode: {self.mode!r} is no octal number like 0640")


@dataclass(frozen=True, slots=True)
class Stands:
    """What stands at the place: the newest `listed` of `count` that fit (at most 1000 are listed).
    `unfinished`: those that fit but for a temporary ending (`.part`, `.tmp` …), at most 100 of them. `cut`:
    there are more than could be gone through, so what is not here may stand there all the same."""

    count: int
    listed: tuple[Listed, ...] = ()
    unfinished: tuple[Listed, ...] = ()
    cut: bool = False
