"""The policy file: whom the reader of evidence trusts (C2SP tlog-policy syntax).

    log <vkey> [url]              the log's verifier key (one or more)
    witness <name> <vkey> [url]   a witness
    group <name> <k|any|all> <member>…
    quorum <name|none>            what a checkpoint needs besides the log's signature
    person <account> <key>        the public key (hex) of somebody whose statements the reader would know;
                                  more than one line an account: any of them (ours, not of the C2SP syntax)

Blank lines and lines that begin with # are skipped. The reader's own copy decides, never one in a bundle.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from checks.wire.errors import WireError
from checks.wire.note import Vkey, parse_vkey
from checks.wire.signing import check_public


class PolicyError(Exception):
    """The policy cannot be read; the message names the line."""

    code = "bad_policy"


@dataclass(frozen=True, slots=True)
class Group:
    """At least `least` of the members (witnesses or other groups)."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs by origin, witnesses by name, and the quorum ("" for none); keys of people by account."""

    logs: dict[str, Vkey]
    witnesses: dict[str, Vkey]
    groups: dict[str, Group]
    quorum: str
    persons: dict[str, frozenset[bytes]] = field(default_factory=dict)

    def satisfied(self, signed: Collection[str]) -> bool:
        """Whether these witnesses, by name, make up the quorum."""
        return not self.quorum or self._has(self.quorum, signed)

    def _has(self, name: str, signed: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in signed
        return sum(self._has(member, signed) for member in group.members) >= group.least


def parse_policy(text: str) -> Policy:
    """PolicyError, naming the line, for anything that is no policy."""
    policy = Policy({}, {}, {}, "")
    quorum: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            quorum = _line(policy, words, quorum)
        except (WireError, ValueError) as error:
            raise PolicyError(f"policy line {number}: {error}") from error
    if not policy.logs:
        raise PolicyError("policy: no log line")
    if quorum is None:
        raise PolicyError("policy: no quorum line (say `quorum none` to rely on the log alone)")
    return Policy(policy.logs, policy.witnesses, policy.groups, quorum, policy.persons)


def _line(policy: Policy, words: list[str], quorum: str | None) -> str | None:
    match words:
        case ["log", vkey, *_]:
            key = parse_vkey(vkey)
            policy.logs[key.name] = key
        case ["witness", name, vkey, *_] if _free(policy, name):
            policy.witnesses[name] = parse_vkey(vkey)
        case ["group", name, least, *members] if _free(policy, name) and members:
            policy.groups[name] = Group(_least(least, members), _known(policy, members))
        case ["person", account, key]:
            policy.persons[account] = policy.persons.get(account, frozenset()) | {_public(key)}
        case ["quorum", name] if quorum is None:
            return "" if name == "none" else _known(policy, [name])[0]
        case _:
            raise ValueError(f"{' '.join(words)[:80]!r} is not understood, or says a thing twice")
    return quorum


def _public(text: str) -> bytes:
    public = bytes.fromhex(text)
    check_public(public)
    return public


def _free(policy: Policy, name: str) -> bool:
    return name != "none" and name not in policy.witnesses and name not in policy.groups


def _known(policy: Policy, names: list[str]) -> tuple[str, ...]:
    for name in names:
        if name not in policy.witnesses and name not in policy.groups:
            raise ValueError(f"{name!r} is named before it is defined")
    return tuple(names)


def _least(word: str, members: list[str]) -> int:
    count = {"any": 1, "all": len(members)}.get(word) or int(word)
    if not 1 <= count <= len(members):
        raise ValueError(f"{word} of {len(members)} members")
    return count
