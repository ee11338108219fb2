"""A back end that is called back (WeChat account, mini program): it answers what is signed, and only that."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, State, Unit
from checks.protocols import Protocols, Script, Step, StepSeen, judge_steps

_SIGNED = "signature=${signature}&timestamp=${now}&nonce=${nonce}&echostr=${nonce}"
_FORGED = (
    "signature=0000000000000000000000000000000000000000&timestamp=${now}&nonce=${nonce}&echostr=${nonce}"
)


@dataclass(frozen=True, slots=True)
class Facts:
    signed: StepSeen
    forged: StepSeen


@dataclass(frozen=True, slots=True)
class Params:
    """`secret` names the token that the platform and the back end share (its part `token`)."""

    url: str
    secret: str = "callback"  # noqa: S105  # a name to look up on the agent, no secret
    verify: bool = True
    ca: str = ""
    timeout_ms: int = 10_000

    def __post_init__(self) -> None:
        self.script(_SIGNED, "")

    def script(self, query: str, text: str) -> Script:
        """The one request, with this query."""
        mark = "&" if "?" in self.url else "?"
        step = Step(f"{self.url}{mark}{query}", name="signed", text=text)
        return Script((step,), self.secret, self.verify, self.ca, 0, 65536, self.timeout_ms)


def observe(net: Protocols, params: Params) -> Facts:
    signed = net.run(params.script(_SIGNED, "${nonce}"))[0]
    return Facts(signed, net.run(params.script(_FORGED, "${nonce}"))[0])


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    yield from judge_steps((seen.facts.signed,), params.script(_SIGNED, "${nonce}"))
    forged = seen.facts.forged
    if forged.outcome != "answered" or forged.text_found is None:
        yield Reading("forged_signature", None, Unit.NONE, State.UNKNOWN, "no_answer")
        return
    taken = forged.status == 200 and forged.text_found
    state = State.CRIT if taken else State.OK
    yield Reading("forged_signature", forged.status, Unit.NONE, state, "accepted" if taken else "")


CHECK = Check(
    id="application.callback",
    version=1,
    title="回调接口",
    title_en="Callback",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-25",),
    needs=("the token of the callback in secrets.yaml",),
)
