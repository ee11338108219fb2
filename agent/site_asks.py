"""What a site report asks each planned target, through the sources that looks use; nothing is changed there.

Only what tells a product, its version and the form of its answers: no configuration, no log, no row of the
owner's data.
"""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from agent.doctor_plan import Planned
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks.api import ObservationError, Source
from checks.codec import to_json

Part = dict[str, Any]
Asked = tuple[str, str, Callable[[Means], Part]]  # source, target, what asks it
TIMEOUT_MS = 30_000
_MOST_ROWS = 4000
_MOST_TEXT = 200_000
# Who looks after a device and where it stands is nobody's business here.
_LEFT_OUT = ("1.3.6.1.2.1.1.4.0", "1.3.6.1.2.1.1.6.0")
_SYSTEM = ("uname -a", "cat /etc/os-release")
_COLUMNS = "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
# (version, columns of the views that checks read) of each product.
SQL: Mapping[str, tuple[str, ...]] = {
    "postgresql": (
        "SELECT version()",
        _COLUMNS + "WHERE table_schema = 'pg_catalog' AND table_name LIKE 'pg\\_stat%' ORDER BY 1, 2, 3",
    ),
    "kingbase": (
        "SELECT version()",
        _COLUMNS + "WHERE table_name LIKE 'sys\\_stat%' OR table_name LIKE 'sys\\_setting%' ORDER BY 1, 2, 3",
    ),
    "mysql": (
        "SELECT version()",
        _COLUMNS + "WHERE table_schema IN ('information_schema', 'performance_schema') ORDER BY 1, 2, 3",
    ),
    "oracle": (
        "SELECT banner FROM v$version",
        "SELECT owner, table_name, column_name, data_type FROM all_tab_columns WHERE table_name LIKE 'V_$%'",
    ),
    "dameng": ("SELECT banner FROM v$version", "SELECT name FROM v$fixed_table"),
}


def host() -> Part:
    """The machine that the agent runs on: system, Python, packages."""
    from importlib.metadata import distributions

    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    wanted = {"psutil", "paramiko", "pysnmp", "pynacl", "cryptography", "textfsm", "requests", "roundseal"}
    packages = {one.metadata["Name"].lower(): one.version for one in distributions()}
    return {
        "system": {key: release[key] for key in ("ID", "VERSION_ID", "PRETTY_NAME") if key in release},
        "kernel": platform.release(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "packages": {name: packages[name] for name in sorted(wanted & packages.keys())},
    }


def targets(looks: Sequence[Planned]) -> list[Asked]:
    """Each target once."""
    found: dict[tuple[str, str], Asked] = {}
    for one in looks:
        made = _ask(one)
        if made is not None:
            key = (made[0], _place(one.params))
            found.setdefault(key, (made[0], one.item.target, made[1]))
    return list(found.values())


def _place(params: Mapping[str, Any]) -> str:
    return "|".join(
        str(params.get(key, "")) for key in ("address", "port", "hop", "platform", "protocol", "client")
    )


def _ask(one: Planned) -> tuple[str, Callable[[Means], Part]] | None:
    source, params = one.check.source, one.params
    by_prompt = source is Source.DEVICE and params.get("platform")
    if not params.get("address"):
        return None
    if source is Source.SNMP or (source is Source.DEVICE and not by_prompt):
        return "snmp", lambda means: _snmp(params, means)
    if source in (Source.SSH, Source.FILES) or by_prompt:
        return "ssh", lambda means: _ssh(params, means)
    if source is Source.SQL:
        return "sql", lambda means: _sql(params, means)
    return ("bmc", lambda means: _bmc(params, means)) if source is Source.BMC else None


def _of(kind: Any, params: Mapping[str, Any]) -> Any:
    """A peer from the parameters that name it."""
    return kind(**{each.name: params[each.name] for each in fields(kind) if each.name in params})


def _snmp(params: Mapping[str, Any], means: Means) -> Part:
    from agent.sources.snmp import open_snmp
    from agent.sources.snmp_ber import arcs_of, encode_oid, oid_text
    from checks.snmp import Peer

    peer = _of(Peer, {**params, "timeout_ms": TIMEOUT_MS})
    seen, error = open_snmp(Transient(), means).record(peer)
    for oid in _LEFT_OUT:
        seen.pop(encode_oid(oid), None)
    if not seen and error is not None:
        raise error
    rows = sorted(seen.items(), key=lambda row: arcs_of(row[0]))
    # As snmpsim and our own responder read it: values in hexadecimal, the BER content itself.
    lines = [f"{oid_text(oid)}|{tag}x|{content.hex()}" for oid, (tag, content) in rows]
    return {"version": peer.version, "snmprec": lines, **({"broke_off": str(error)} if error else {})}


def _ssh(params: Mapping[str, Any], means: Means) -> Part:
    from agent.sources.ssh import open_ssh
    from checks.remote import Login

    ssh, to, kind = open_ssh(means), _of(Login, params), str(params.get("platform") or "")
    made: Part = {"platform": kind, "server": ssh.host_key(to, timeout_ms=TIMEOUT_MS).software}
    if kind and kind != "linux":
        screens = ssh.shell(to, kind, _commands(kind), timeout_ms=4 * TIMEOUT_MS)
        outputs = [(one.command, one.text) for one in screens]
    else:
        runs = [(word, ssh.run(to, word, timeout_ms=TIMEOUT_MS)) for word in _SYSTEM]
        outputs = [(word, ran.stdout) for word, ran in runs]
    made["outputs"] = [{"command": word, "text": text[:_MOST_TEXT]} for word, text in outputs]
    return made


def _commands(kind: str) -> list[str]:
    """What looks at this family ask: no configuration."""
    from agent.sources import device_cli

    asked = list(device_cli.IDENTITY.get(kind, ("display version", "show version")))
    asked += [one for (family, _), words in device_cli.COMMANDS.items() if family == kind for one in words]
    return list(dict.fromkeys(asked))


def _sql(params: Mapping[str, Any], means: Means) -> Part:
    from agent.sources.sql import open_sql
    from checks.sql import Reach

    at = _of(Reach, {**params, "timeout_ms": TIMEOUT_MS})
    if at.platform not in SQL:
        return {"platform": at.platform, "answers": []}
    found = open_sql(Transient(), means).raw(at, SQL[at.platform], most_rows=_MOST_ROWS)
    return {"platform": at.platform, "answers": list(_answers(SQL[at.platform], found))}


def _answers(asked: Sequence[str], found: Sequence[Any]) -> Iterator[Part]:
    for statement, rows in zip(asked, found, strict=True):
        if isinstance(rows, ObservationError):
            yield {"statement": statement, "error": str(rows)}
        else:
            yield {"statement": statement, "rows": [[str(value) for value in row] for row in rows]}


def _bmc(params: Mapping[str, Any], means: Means) -> Part:
    from checks.bmc import Reach

    at = _of(Reach, {**params, "timeout_ms": TIMEOUT_MS})
    if at.protocol == "redfish":
        from agent.sources import bmc_session

        with bmc_session.session(at, means.secret(at.secret)) as line:
            return {"protocol": at.protocol, "documents": dict(_documents(line.get))}
    from agent.sources.bmc import open_bmc

    return {"protocol": at.protocol, "identity": to_json(open_bmc(means, Transient()).identity(at))}


def _documents(get: Callable[[str], Mapping[str, Any] | None]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The service root, and of each collection it names the first member: the forms of this product."""
    root = get("/redfish/v1/") or {}
    yield "/redfish/v1/", root
    for name in ("Systems", "Chassis", "Managers"):
        path = _link(root.get(name))
        found = get(path) if path else None
        if found:
            yield path, found
            members = found.get("Members")
            first = _link(members[0]) if isinstance(members, list) and members else ""
            member = get(first) if first else None
            if member:
                yield first, member


def _link(value: Any) -> str:
    path = value.get("@odata.id", "") if isinstance(value, dict) else ""
    return path if isinstance(path, str) and path.startswith("/redfish/") else ""
