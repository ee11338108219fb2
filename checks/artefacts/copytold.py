"""What the text of a dump tells, as copytext reads it."""

from dataclasses import dataclass, field

from checks.artefacts.copyrows import Sum


@dataclass
class Part:
    """The dump of one database. `complete`: its end mark is there. `created`: tables it creates; `inserts`:
    INSERT statements, `odd` of which were not understood (then no table has a sum); `announced`: tables whose
    rows are to follow; `encoding`: as the dump sets it; `transcoded`: False where rows do not fit it. `name`:
    of the database where the text tells (`\\connect`), else "". `unlogged`: names of tables that no
    fingerprint compares."""

    product: str = ""
    name: str = ""
    server: str = ""
    tool: str = ""
    encoding: str = ""
    started: str = ""
    complete: bool = False
    created: int = 0
    inserts: int = 0
    odd: int = 0
    copies: int = 0
    announced: list[str] = field(default_factory=list)
    transcoded: bool = True
    tables: dict[str, Sum] = field(default_factory=dict)
    objects: Sum = field(default_factory=Sum)
    unlogged: set[str] = field(default_factory=set)

    def own(self) -> dict[str, Sum]:
        """Tables that a fingerprint compares: unlogged ones it does not."""
        return {name: one for name, one in self.tables.items() if name not in self.unlogged}


@dataclass
class Told:
    """What a text tells. `cluster`: made by pg_dumpall; `complete`: with its end mark, and nothing cut off
    behind it. `cut`: the table or statement within which it ends ("" none). `again`: tables that stand there
    twice, `headers` within rows or behind an end: several dumps in one file. `errors`: lines that a program
    wrote about its troubles, `error` the first word of the first. `trailing`: bytes behind the end."""

    parts: list[Part] = field(default_factory=list)
    cluster: bool = False
    complete: bool = False
    cut: str = ""
    again: int = 0
    headers: int = 0
    misfits: int = 0
    errors: int = 0
    error: str = ""
    roles: int = 0
    trailing: int = 0
    marked: bool = False
    bytes: int = 0
    lines: int = 0

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(one.count for part in self.parts for one in part.tables.values())
