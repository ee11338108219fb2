"""Rules of the packet filter: nft, and iptables where the kernel still has its tables."""

import re
from hashlib import sha256

from agent.sources.host_proc import Tree
from agent.sources.host_security_run import ask
from checks.api import ErrorKind, ObservationError
from checks.hardening import Firewall

_NFT = ("nft", "-s", "list", "ruleset")
_IPTABLES = (("iptables-save",), ("ip6tables-save",))
_COUNTED = re.compile(r"counter packets \d+ bytes \d+|\[\d+:\d+\]|# handle \d+")
_CLOSES = re.compile(r"(?:counter )?(?:drop|reject(?: with .*)?)")


def firewall(tree: Tree) -> Firewall:
    """What the tools here list; denied where only root may ask, unsupported without a tool."""
    outputs: dict[str, str] = {}
    problems: list[ObservationError] = []
    for words in (_NFT, *_IPTABLES):
        try:
            outputs[words[0]] = ask(tree, *words)
        except ObservationError as problem:
            problems.append(problem)
    denied = [one for one in problems if one.kind is ErrorKind.DENIED]
    if denied:
        raise ObservationError(
            ErrorKind.DENIED, f"{denied[0].detail} (see the unit roundseal-root-commands.socket)"
        )
    if not outputs:
        raise ObservationError(ErrorKind.UNSUPPORTED, "no nft or iptables here to list the rules")
    return read(outputs)


def read(outputs: dict[str, str]) -> Firewall:
    """Rules in the listings of `nft -s list ruleset`, `iptables-save`, `ip6tables-save`."""
    lines = {tool: _lines(text) for tool, text in outputs.items()}
    counts = [_nft(found) if tool == "nft" else _iptables(found) for tool, found in lines.items()]
    whole = "\n".join(f"{tool}: {line}" for tool in sorted(lines) for line in lines[tool])
    return Firewall(
        tools=tuple(sorted(outputs)),
        rules=max(rules for rules, _ in counts),  # iptables-nft shows the same rules twice
        closed=any(closed for _, closed in counts),
        digest=sha256(whole.encode("utf-8", "replace")).hexdigest(),
    )


def _lines(text: str) -> list[str]:
    """Lines without what changes by itself: counters, comments, times."""
    bare = (re.sub(r"\s+", " ", _COUNTED.sub("", line)).strip() for line in text.splitlines())
    return [line for line in bare if line and not line.startswith("#")]


def _nft(lines: list[str]) -> tuple[int, bool]:
    rules, closed, hooked, inside = 0, False, False, False
    for line in lines:
        if line.startswith("chain "):
            inside, hooked = True, False
        elif line == "}":
            inside = False
        elif line.startswith("type "):
            hooked = "hook input" in line
            closed = closed or (hooked and "policy drop" in line)
        elif inside:
            rules += 1
            # A rule without any condition that drops the rest does what a policy would.
            closed = closed or (hooked and _CLOSES.fullmatch(line) is not None)
    return rules, closed


def _iptables(lines: list[str]) -> tuple[int, bool]:
    rules = [line for line in lines if line.startswith("-A ")]
    closed = any(line.startswith((":INPUT DROP", ":INPUT REJECT")) for line in lines)
    last = [line for line in rules if line.startswith("-A INPUT ")][-1:]
    return len(rules), closed or any(re.match(r"-A INPUT -j (DROP|REJECT)\b", line) for line in last)
