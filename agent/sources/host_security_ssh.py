"""How the SSH and SNMP servers are set up."""

import glob
import os
import re
from hashlib import sha256

from agent.sources.host_proc import Tree
from agent.sources.host_security_run import ask
from checks.accounts import SshServer
from checks.api import ObservationError
from checks.hardening import SnmpServer

_CONFIG = "etc/ssh/sshd_config"
_MOST_FILES = 100
# What is judged, or needed to understand it. Lists of users stay out: their digest is enough.
_KEPT = frozenset(
    {
        "port",
        "listenaddress",
        "protocol",
        "permitrootlogin",
        "passwordauthentication",
        "permitemptypasswords",
        "pubkeyauthentication",
        "kbdinteractiveauthentication",
        "challengeresponseauthentication",
        "hostbasedauthentication",
        "usepam",
        "maxauthtries",
        "logingracetime",
        "clientaliveinterval",
        "loglevel",
        "x11forwarding",
        "ciphers",
        "macs",
        "kexalgorithms",
    }
)
_ACCESS = ("allowusers", "allowgroups", "denyusers", "denygroups")


def ssh_server(tree: Tree) -> SshServer:
    """What sshd says of itself (`sshd -T`, needs the host keys), else what its files say."""
    if not tree.has(_CONFIG):
        return SshServer(False, "file", {}, "", None)
    files = _Files(tree)
    try:
        said = _parse(ask(tree, "sshd", "-T"))
    except ObservationError:
        files.read("/" + _CONFIG)
        return _server("file", files.options, files.matches)
    try:
        files.read("/" + _CONFIG)
    except PermissionError:
        return _server("sshd", said, None)
    return _server("sshd", said, files.matches)


def _server(origin: str, options: dict[str, list[str]], matches: int | None) -> SshServer:
    kept = {name: ",".join(values) for name, values in sorted(options.items()) if name in _KEPT}
    kept.update({name: str(len(options[name])) for name in _ACCESS if name in options})
    whole = "\n".join(f"{name} {value}" for name in sorted(options) for value in options[name])
    return SshServer(True, origin, kept, sha256(whole.encode("utf-8", "replace")).hexdigest(), matches)


def _parse(output: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in output.splitlines():
        name, _, value = line.strip().partition(" ")
        found.setdefault(name.lower(), []).append(value.strip())
    return found


class _Files:
    """sshd_config(5): the first value of a keyword counts, `Match` ends what is for everybody."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._read = 0
        self.options: dict[str, list[str]] = {}
        self.matches = 0

    def read(self, path: str) -> None:
        """One file with what it includes, in place."""
        self._read += 1
        everybody = True
        for line in self._tree.text(path.lstrip("/")).splitlines():
            words = re.match(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.+?)\s*$", line)
            if words is None:
                continue
            name, value = words[1].lower(), words[2].strip('"')
            if name == "match":
                everybody = value.lower() == "all"
                self.matches += not everybody
            elif name == "include":
                self._include(value, everybody)
            elif everybody:
                self._keep(name, value)

    def _keep(self, name: str, value: str) -> None:
        many = name in ("port", "listenaddress", *_ACCESS)
        if many or name not in self.options:
            self.options.setdefault(name, []).append(value)

    def _include(self, value: str, everybody: bool) -> None:
        for pattern in value.split():
            place = pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"
            root = self._tree.place("")
            for path in sorted(glob.glob(os.path.join(root, place.lstrip("/")))):
                if self._read < _MOST_FILES and everybody:
                    self.read("/" + os.path.relpath(path, root))


def snmp_server(tree: Tree) -> SnmpServer:
    """Lines of snmpd.conf that let somebody in by a community's name, which goes over the wire in clear."""
    count, read = 0, False
    for path in ("etc/snmp/snmpd.conf", "var/lib/snmp/snmpd.conf", "var/lib/net-snmp/snmpd.conf"):
        try:
            text = tree.text(path)
        except FileNotFoundError:
            continue
        except PermissionError:
            return SnmpServer(None, "denied")
        read = True
        count += len(re.findall(r"^\s*(?:r[ow]community6?|com2sec6?|community)\s+\S", text, re.MULTILINE))
    return SnmpServer(count) if read else SnmpServer(None, "missing")
