"""Document preview and conversion: a fixed sample goes in, a known digest or number of pages comes out."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Protocols, Script, StepSeen, judge_steps


@dataclass(frozen=True, slots=True)
class Facts:
    steps: tuple[StepSeen, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """The script's last step answers with the converted document. `digest`: its SHA-256 where the
    converter makes the same bytes each time; `pages`: pages of the PDF; fewer than `least_bytes` are none."""

    script: Script
    digest: str = ""
    pages: int = 0
    least_bytes: int = 1
    latency_ms: Upper = Upper(None, None)

    def __post_init__(self) -> None:
        if not self.digest and self.pages < 1:
            raise ValueError("digest or pages says what must come out")


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.run(params.script))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    steps = seen.facts.steps
    yield from judge_steps(steps, params.script)
    last = steps[-1] if len(steps) == len(params.script.steps) else None
    if last is None or last.outcome != "answered":
        yield Reading("document", None, Unit.BYTES, State.UNKNOWN, "not_reached")
        return
    small = (last.body_bytes or 0) < params.least_bytes
    yield Reading(
        "document", last.body_bytes, Unit.BYTES, State.CRIT if small else State.OK, "empty" if small else ""
    )
    if params.digest:
        same = last.digest == params.digest.lower()
        yield Reading(
            "digest", int(same), Unit.NONE, State.OK if same else State.CRIT, "" if same else "differs"
        )
    if params.pages:
        yield _pages(last.pages, params.pages)


def _pages(found: int | None, wanted: int) -> Reading:
    if found is None:
        return Reading("pages", None, Unit.COUNT, State.UNKNOWN, "not_reported")
    same = found == wanted
    return Reading("pages", found, Unit.COUNT, State.OK if same else State.CRIT, "" if same else "differs")


CHECK = Check(
    id="application.conversion",
    version=1,
    title="文档预览与转换",
    title_en="Document preview and conversion",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-22", "HA-23"),
    needs=("a sample document without personal data",),
)
