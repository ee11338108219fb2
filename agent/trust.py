"""`trust TARGET`: read a target's SSH host key, print its fingerprint and pin it."""

from dataclasses import dataclass

from agent.errors import AgentError
from agent.shown import Shown
from agent.sources.ssh import open_ssh, pins
from agent.sources.ssh_pins import NAME, Pin
from agent.state import State
from checks.api import ObservationError
from checks.remote import HostKey, Login, place

TIMEOUT_MS = 20_000


@dataclass(frozen=True, slots=True)
class Wish:
    """`target` and `hop` as `ADDRESS[:PORT]`; `key`: the fingerprint it must have; `replace` a pinned one."""

    target: str
    key: str = ""
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # a name to look up on the agent, no secret
    legacy: bool = False
    replace: bool = False


def run(state: State, wish: Wish) -> Shown:
    """Exit 0 pinned, 1 another key than expected or pinned before; nothing is changed then."""
    to = _login(wish)
    from agent import settings

    try:
        found = open_ssh(settings.read(state).means(state)).host_key(to, timeout_ms=TIMEOUT_MS)
    except ObservationError as problem:
        raise AgentError(str(problem.kind), problem.detail) from None
    status = _status(wish, found)
    if status == "pinned":
        try:
            pins(state.root).put(to.name, Pin(found.kind, found.presented))
        except OSError as error:
            raise AgentError("pins", f"{state.path(NAME)}: {error.strerror}") from None
    return _shown(to, found, status)


def _login(wish: Wish) -> Login:
    try:
        address, port = place(wish.target)
        return Login(address, port, legacy=wish.legacy, hop=wish.hop, hop_secret=wish.hop_secret)
    except ValueError as error:
        raise AgentError("bad_target", f"{wish.target!r}: {error}") from None


def _status(wish: Wish, found: HostKey) -> str:
    if wish.key and wish.key != found.presented:
        return "other_key"
    if found.pinned == found.presented:
        return "already_pinned"
    return "key_changed" if found.pinned and not wish.replace else "pinned"


def _shown(to: Login, found: HostKey, status: str) -> Shown:
    value = {
        "status": status,
        "target": to.name,
        "kind": found.kind,
        "fingerprint": found.presented,
        "pinned_before": found.pinned,
        "software": found.software,
    }
    said = {
        "pinned": "pinned; compare it with what the device itself shows",
        "already_pinned": "pinned before",
        "other_key": "not the key that was expected: NOT pinned",
        "key_changed": f"{found.pinned} is pinned: NOT replaced; --replace does it",
    }
    text = f"{to.name}  {found.kind}  {found.presented}\n{said[status]}"
    return Shown(value, text, 0 if status in ("pinned", "already_pinned") else 1)
