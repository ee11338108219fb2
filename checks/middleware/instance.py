"""An instance of application-server software: owner, path, start options and configuration as approved.

The process is told by a word of its command line, so a server of any make is a matter of parameters.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checks.api import Check, ErrorKind, ObservationError, Reading, Seen, Source, State, Unit
from checks.codec import JsonValue
from checks.remote import Login, Ssh, login


@dataclass(frozen=True, slots=True)
class Facts:
    """`options`: SHA-256 over the command line's words, sorted, one a line; `path`: the deployment path;
    `files`: SHA-256 by file ("" where it could not be read)."""

    instances: int
    owner: str
    path: str
    version: str
    options: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Params:
    """`word`: stands in the command line of this instance alone (`-Dcatalina.base=/opt/a`). `path_option`:
    the option that tells its deployment path, else its working directory. `version_file`: a file whose
    first line tells the version. `approved`: SHA-256 by configuration (and log configuration) file."""

    address: str
    word: str
    port: int = 22
    secret: str = "ssh"  # noqa: S105  # a name to look up on the agent, no secret
    legacy: bool = False
    hop: str = ""
    hop_secret: str = "bastion"  # noqa: S105  # likewise
    owner: str = ""
    path: str = ""
    path_option: str = "-Dcatalina.base="
    version: str = ""
    version_file: str = ""
    options: str = ""
    files: tuple[str, ...] = ()
    approved: Mapping[str, str] = field(default_factory=dict)
    timeout_ms: int = 15_000

    def __post_init__(self) -> None:
        if not 3 <= len(self.word) <= 200 or any(c < " " for c in self.word + self.path_option):
            raise ValueError("word has 3 to 200 characters")
        if any(not one.startswith("/") or "\n" in one for one in (*self.files, *self.approved)):
            raise ValueError("files are absolute paths")
        self.login()

    def login(self) -> Login:
        """Where it runs."""
        return login(self)


# The shell that runs this has the word in its own command line: it is left out with its children. A
# command line is read, digested where it is, and never leaves the machine.
_FIND = """
word=%s; option=%s
for file in $(grep -l -F -e "$word" /proc/[0-9]*/cmdline 2>/dev/null); do
  place=${file%%/cmdline}
  line=$(tr '\\0' '\\n' < "$file" 2>/dev/null) || continue
  case "$line" in *ROUNDSEAL_LOOK*) continue;; *"$word"*) ;; *) continue;; esac
  told=$(printf '%%s\\n' "$line" | grep -F -e "$option" | head -n 1)
  [ -n "$option" ] && [ -n "$told" ] && dir=${told#"$option"} || dir=$(readlink "$place/cwd")
  echo "owner $(stat -c %%U "$place")"
  echo "path $dir"
  echo "options $(printf '%%s\\n' "$line" | sort | sha256sum | cut -d ' ' -f 1)"
done
"""


def observe(ssh: Ssh, params: Params) -> Facts:
    # ROUNDSEAL_LOOK stands in the command line of this very shell.
    script = ": ROUNDSEAL_LOOK" + _FIND % (shlex.quote(params.word), shlex.quote(params.path_option))
    for name in dict.fromkeys((*params.files, *params.approved)):
        file = shlex.quote(name)
        script += f"echo \"file $(sha256sum < {file} 2>/dev/null | cut -d ' ' -f 1) \"{file}\n"
    if params.version_file:
        script += f'echo "version $(head -n 1 {shlex.quote(params.version_file)} 2>/dev/null)"\n'
    ran = ssh.run(params.login(), script, timeout_ms=params.timeout_ms)
    if ran.exit is None or (ran.exit and not ran.stdout):
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{params.address} has no POSIX shell with sha256sum")
    return _read(ran.stdout)


def _read(text: str) -> Facts:
    rows = [line.partition(" ")[::2] for line in text.splitlines()]
    told = {kind: rest for kind, rest in reversed(rows)}
    files = [rest.partition(" ")[::2] for kind, rest in rows if kind == "file"]
    return Facts(
        instances=sum(kind == "owner" for kind, _ in rows),
        owner=told.get("owner", ""),
        path=_shown(told.get("path", "")),
        version=_shown(told.get("version", "")),
        options=told.get("options", ""),
        files={name: digest if re.fullmatch("[0-9a-f]{64}", digest) else "" for digest, name in files},
    )


def _shown(text: str) -> str:
    return "".join(c for c in text[:200] if c.isprintable())


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    count = facts.instances
    if count != 1:
        state, why = (State.UNKNOWN, "too_many") if count > 1 else (State.CRIT, "missing")
        yield Reading("instances", count, Unit.COUNT, state, why)
    else:
        yield Reading("instances", 1, Unit.COUNT, State.OK)
        yield from _same("owner", facts.owner, params.owner)
        yield from _same("path", facts.path, params.path)
        yield from _same("options", facts.options, params.options, baseline=True)
    if params.version_file:
        yield from _same("version", facts.version, params.version, baseline=True)
    for name in dict.fromkeys((*params.files, *params.approved)):
        yield from _same(name, facts.files.get(name, ""), params.approved.get(name, ""), baseline=True)


def _same(name: str, found: str, wanted: str, *, baseline: bool = False) -> Iterator[Reading]:
    """As approved; what nobody approved is unknown where it is a baseline, and else not asked for."""
    if not found:
        yield Reading(name, None, Unit.NONE, State.UNKNOWN, "unreadable")
    elif wanted:
        same = found == wanted
        yield Reading(name, int(same), Unit.NONE, State.OK if same else State.CRIT, "" if same else "differs")
    elif baseline:
        yield Reading(name, None, Unit.NONE, State.UNKNOWN, "no_baseline")


def propose_params(facts: Facts) -> dict[str, JsonValue]:
    """Parameters that these facts would meet, for a person to approve."""
    told = {name: getattr(facts, name) for name in ("owner", "path", "version", "options")}
    approved: JsonValue = {name: digest for name, digest in facts.files.items() if digest}
    found = {name: value for name, value in told.items() if value} if facts.instances == 1 else {}
    return {**found, **({"approved": approved} if approved else {})}


CHECK = Check(
    id="middleware.instance",
    version=1,
    title="中间件实例",
    title_en="Middleware instance",
    source=Source.SSH,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-02", "HA-04", "PD-30"),
    needs=("an account that may read the process's /proc entry and the files named",),
)
