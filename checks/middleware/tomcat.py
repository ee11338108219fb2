"""A Tomcat (or a server of its kind) through its manager: heap, threads of each connector, applications."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.api import Check, Number, Reading, Seen, Source, State, Unit, Upper, percent
from checks.protocols import Protocols, Script, Step, StepSeen, judge_steps, whole

# <memory free='1' total='2' max='3'/> and, for each connector, name, threadInfo and requestInfo.
_MEMORY = {name: f"regex:<memory [^>]{{0,200}}?{name}='([0-9]{{1,18}})'" for name in ("free", "total", "max")}
_NAMES = "regex:<connector name='\"?([^'\"]{1,100})\"?'"
_MOST = 'regex:<threadInfo [^>]{0,300}?maxThreads="(-?[0-9]{1,10})"'
_BUSY = 'regex:<threadInfo [^>]{0,300}?currentThreadsBusy="(-?[0-9]{1,10})"'
_VERSION = "regex:Tomcat Version: \\[?([^\\]\\r\\n]{1,80})"
# /context:running:sessions:name
_APPS = "regex:(?m)^(/[^:]{0,80}:[a-z]{1,20}):[0-9]+:"


@dataclass(frozen=True, slots=True)
class Connector:
    """Threads of one connector: at most, and busy now (None: not told)."""

    name: str
    most: int | None
    busy: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`apps`: context:state. Bytes of the heap; None where the manager did not tell them."""

    steps: tuple[StepSeen, ...]
    version: str
    heap_free: int | None
    heap_total: int | None
    heap_max: int | None
    connectors: tuple[Connector, ...]
    apps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Params:
    """`url`: of the manager application. `apps`: contexts that must be running."""

    url: str
    secret: str = "tomcat"  # noqa: S105  # a name to look up on the agent, no secret
    apps: tuple[str, ...] = ()
    version: str = ""
    heap: Upper = Upper(85, 95)
    threads: Upper = Upper(80, 95)
    verify: bool = True
    ca: str = ""
    timeout_ms: int = 10_000

    def __post_init__(self) -> None:
        self.script()

    def script(self) -> Script:
        """Status, server and list of applications."""
        login = {"Authorization": "Basic ${basic}"}
        base = self.url.rstrip("/")
        steps = (
            Step(f"{base}/text/serverinfo", "version", headers=login, read=(_VERSION,)),
            Step(f"{base}/text/list", "apps", headers=login, read=(_APPS,)),
            Step(
                f"{base}/status?XML=true",
                "status",
                headers=login,
                read=(*_MEMORY.values(), _NAMES, _MOST, _BUSY),
            ),
        )
        return Script(steps, self.secret, self.verify, self.ca, 0, 1 << 20, self.timeout_ms)


def observe(net: Protocols, params: Params) -> Facts:
    steps = net.run(params.script())
    fields = {path: texts for step in steps for path, texts in step.fields.items()}
    free, total, most = (_first(fields.get(path, ())) for path in _MEMORY.values())
    columns = [fields.get(path, ()) for path in (_NAMES, _MOST, _BUSY)]
    connectors = tuple(
        Connector(name, whole(most_threads), whole(busy))
        for name, most_threads, busy in zip(*columns, strict=False)
    )
    # The facts above say all of it: the fields would say it twice.
    bare = tuple(_bare(step) for step in steps)
    version = next(iter(fields.get(_VERSION, ())), "")
    return Facts(bare, version, free, total, most, connectors, fields.get(_APPS, ()))


def _first(texts: tuple[str, ...]) -> int | None:
    return whole(texts[0]) if texts else None


def _bare(step: StepSeen) -> StepSeen:
    return replace(step, fields={})


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    yield from judge_steps(facts.steps, params.script())
    yield _version(facts.version, params.version)
    used = None
    if facts.heap_total is not None and facts.heap_free is not None:
        used = percent(facts.heap_total - facts.heap_free, facts.heap_max)
    yield _share("heap", used, params.heap)
    if not facts.connectors:
        yield Reading("threads", None, Unit.PERCENT, State.UNKNOWN, "not_reported")
    for connector in facts.connectors:
        yield _share(f"{connector.name}:threads", percent(connector.busy, connector.most), params.threads)
    yield from _apps(facts.apps, params.apps)


def _version(found: str, wanted: str) -> Reading:
    if not found:
        return Reading("version", None, Unit.NONE, State.UNKNOWN, "not_reported")
    same = not wanted or found == wanted
    return Reading(
        "version", int(same), Unit.NONE, State.OK if same else State.CRIT, "" if same else "differs"
    )


def _share(name: str, share: Number | None, limit: Upper) -> Reading:
    state = limit.judge(share)
    why = "not_reported" if share is None else "too_high"
    return Reading(name, share, Unit.PERCENT, state, "" if state is State.OK else why)


def _apps(found: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[Reading]:
    states = dict(app.rpartition(":")[::2] for app in found)
    for context in wanted:
        state = states.get(context)
        good = state == "running"
        why = "missing" if state is None else "down"
        yield Reading(
            f"{context}:running", int(good), Unit.NONE, State.OK if good else State.CRIT, "" if good else why
        )


CHECK = Check(
    id="middleware.tomcat",
    version=1,
    title="Tomcat 应用服务器",
    title_en="Tomcat application server",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-04", "HA-20", "PD-35"),
    needs=("a manager user with the roles manager-status and manager-script, in a secret: user, password",),
)
