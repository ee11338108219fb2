"""How the SSH server lets people in: root, passwords, old protocol, weak ciphers, and from where."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.accounts import SshServer
from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.hardening import SecuredHost

_WEAK_CIPHERS = ("cbc", "arcfour", "3des", "blowfish", "cast128", "none")
_WEAK_MACS = ("md5", "-96", "umac-64")
_WEAK_KEX = ("group1-sha1", "group-exchange-sha1", "group14-sha1")


@dataclass(frozen=True, slots=True)
class Facts:
    """Options of the SSH server."""

    server: SshServer


@dataclass(frozen=True, slots=True)
class Params:
    """Words allowed for `PermitRootLogin`; whether passwords may do, whether users must be listed."""

    root_login: tuple[str, ...] = ("no",)
    keys_only_root: bool = False
    passwords: bool = True
    access_list: bool = False
    tries: Upper = Upper(7, None)
    approved: str | None = None


def observe(host: SecuredHost, params: Params) -> Facts:
    """`sshd -T`, else the configuration files."""
    return Facts(host.security().ssh_server())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`root_login`, `empty_passwords`, `password_login`, `protocol`, `weak_ciphers`, `tries`, `access_list`,
    `configuration`."""
    server = seen.facts.server
    if not server.installed:
        yield Reading("root_login", 0, Unit.NONE, State.OK, "not_installed")
        return
    options = server.options
    yield _root(options.get("permitrootlogin"), params)
    # Only these two have the same default in every version that is still about.
    yield _word("empty_passwords", options.get("permitemptypasswords", "no"), ("no",), State.CRIT)
    if not params.passwords:
        yield _word("password_login", options.get("passwordauthentication", "yes"), ("no",), State.CRIT)
    if "1" in options.get("protocol", "2").split(","):
        yield Reading("protocol", 1, Unit.NONE, State.CRIT, "old_protocol")
    yield from _weak(options)
    yield _tries(options.get("maxauthtries", "6"), params)
    if params.access_list:
        listed = any(name in options for name in ("allowusers", "allowgroups"))
        state = State.OK if listed else State.CRIT
        yield Reading("access_list", int(listed), Unit.NONE, state, "" if listed else "not_set")
    yield _configuration(server, params)


def _root(value: str | None, params: Params) -> Reading:
    if value is None:
        # Older versions let root in with a password, newer ones with a key.
        return Reading("root_login", None, Unit.NONE, State.UNKNOWN, "default_unknown")
    keys = ("prohibit-password", "without-password", "forced-commands-only")
    allowed = (*params.root_login, *(keys if params.keys_only_root else ()))
    if value in allowed:
        return Reading("root_login", int(value != "no"), Unit.NONE, State.OK)
    return Reading("root_login", 1, Unit.NONE, State.WARN if value in keys else State.CRIT, "root_login")


def _word(name: str, value: str, good: tuple[str, ...], bad: State) -> Reading:
    if value in good:
        return Reading(name, int(value == "yes"), Unit.NONE, State.OK)
    return Reading(name, int(value == "yes"), Unit.NONE, bad, name)


def _weak(options: Mapping[str, str]) -> Iterator[Reading]:
    kinds = {"ciphers": _WEAK_CIPHERS, "macs": _WEAK_MACS, "kexalgorithms": _WEAK_KEX}
    told = {name: options[name] for name in kinds if name in options}
    if not told:
        return
    weak = [
        word
        for name, value in told.items()
        for word in value.lstrip("+^").split(",")
        if not value.startswith("-") and any(part in word for part in kinds[name])
    ]
    yield Reading(
        "weak_ciphers", len(weak), Unit.COUNT, State.WARN if weak else State.OK, "weak_cipher" if weak else ""
    )


def _tries(value: str, params: Params) -> Reading:
    number = int(value) if value.isascii() and value.isdigit() else None
    state = params.tries.judge(number)
    reason = "unreadable" if number is None else "" if state is State.OK else "limit"
    return Reading("tries", number, Unit.COUNT, state, reason)


def _configuration(server: SshServer, params: Params) -> Reading:
    if params.approved is None:
        return Reading("configuration", None, Unit.NONE, State.UNKNOWN, "no_baseline")
    same = server.digest == params.approved
    return Reading(
        "configuration", int(same), Unit.NONE, State.OK if same else State.CRIT, "" if same else "changed"
    )


def propose(facts: Facts) -> str:
    """The value of `approved` that these facts would meet, for a person to approve."""
    return facts.server.digest


CHECK = Check(
    id="security.sshd",
    version=1,
    title="SSH 服务配置",
    title_en="SSH server options",
    source=Source.HOST,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("LH rule 12", "LH rule 18", "PD-32"),
    needs=("/etc/ssh/sshd_config", "`sshd -T` as root for effective options, else the files are read"),
)
