"""Parameters that every backup check has, and the facts around its artefacts."""

from dataclasses import dataclass

from checks.artefacts.artefact import Listed
from checks.files import Where, check_paths


@dataclass(frozen=True, slots=True)
class Look(Where):
    """`object`: the policy's object (`county/xian-1/oa-db`), for whoever reads the result. `path` (required):
    what holds the artefacts, absolute on the place; a star stands for names in one directory, and strftime's
    `%Y %m %d %H %M %j %V %G` for the date of the slot. `artefacts`: how many of the newest are read
    each time. `rolling`: older ones are read whole again, one part in so many looks (0: never)."""

    object: str = ""
    path: str = ""
    artefacts: int = 1
    rolling: int = 28

    def __post_init__(self) -> None:
        super(Look, self).__post_init__()
        check_paths((self.path,) if self.path else (), "path")
        if not 1 <= self.artefacts <= 1000 or not 0 <= self.rolling <= 366:
            raise ValueError("artefacts must be 1 to 1000, rolling 0 to 366")


@dataclass(frozen=True, slots=True)
class Stands:
    """What stands at the place: the newest `listed` of `count` that fit (at most 1000 are listed)."""

    count: int
    listed: tuple[Listed, ...] = ()
