"""Which machine and which program this is: the fingerprint and the code digest of every header."""

from functools import cache
from hashlib import sha256
from pathlib import Path

import agent
import checks
from agent.errors import AgentError
from agent.state import Machine

_MACHINE_ID = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_PRODUCT = (Path("/sys/class/dmi/id/product_uuid"),)


def _mark(paths: tuple[Path, ...], public: bytes) -> str:
    """Hash of the first readable file's text with our own key, so it names no machine to strangers."""
    for path in paths:
        try:
            text = path.read_bytes().decode("ascii").strip()
        except (OSError, ValueError):
            continue
        if text:
            return sha256(b"roundseal/machine/v1\n" + public + path.name.encode() + text.encode()).hexdigest()
    return ""


def read_machine(public: bytes) -> Machine:
    """Marks of this machine. The product UUID can be read by root only."""
    machine_id, product = _mark(_MACHINE_ID, public), _mark(_PRODUCT, public)
    whole = sha256(b"roundseal/machine/v1\n" + public + f"{machine_id}\n{product}".encode())
    return Machine(whole.hexdigest(), machine_id, product)


def check_machine(enrolled: Machine, now: Machine) -> None:
    """AgentError when a mark that can be read in both differs: the directory came from elsewhere."""
    for name, before, after in (
        ("machine id", enrolled.machine_id, now.machine_id),
        ("product UUID", enrolled.product, now.product),
    ):
        if before and after and before != after:
            raise AgentError(
                "other_machine",
                f"this state directory was enrolled on another machine (its {name} differs). Two machines "
                "must not sign with one key: enrol this one with its own token, `enrol URL TOKEN --force`",
            )


@cache
def code_digest() -> str:
    """SHA-256 over the names and bytes of every source file of this agent and its checks."""
    digest = sha256(b"roundseal/code/v1\n")
    for package in (agent, checks):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            name = f"{package.__name__}/{path.relative_to(root)}"
            digest.update(f"{name}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
