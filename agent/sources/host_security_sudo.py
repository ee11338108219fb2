"""Rules of sudo, as sudoers(5) writes them; aliases are kept as names."""

import os
import re
from collections.abc import Iterator
from hashlib import sha256

from agent.sources.host_proc import Tree, plain
from checks.accounts import Sudo, SudoRule
from checks.approved import mark

_MOST_FILES = 200
_INCLUDE = re.compile(r"[#@](include|includedir)\s+(.+)")
_KNOWN = re.compile(r"(Defaults\b|Defaults[@:!>]|(User|Runas|Host|Cmnd|Cmd)_Alias\b)")
_RULE = re.compile(r"((?:\\.|[^\s=\\])(?:\\.|[^=\\])*?)\s+([^\s=]+(?:\s*,\s*[^\s=]+)*)\s*=\s*(.+)")
_RUN_AS = re.compile(r"\(([^)]*)\)")


class _Reader:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.rules: list[SudoRule] = []
        self.files: dict[str, str] = {}
        self.troubles: dict[str, str] = {}
        self.unread = 0

    def file(self, path: str) -> None:
        """One file and, in place, what it includes; each only once."""
        if plain(path) in self.files or plain(path) in self.troubles or len(self.files) >= _MOST_FILES:
            return
        try:
            data = self.tree.data(path.lstrip("/"))
        except PermissionError:
            self.troubles[plain(path)] = "denied"
            return
        except OSError:
            self.troubles[plain(path)] = "missing"
            return
        self.files[plain(path)] = sha256(data).hexdigest()
        for line in _lines(data.decode("utf-8", "replace")):
            self._line(line, path)

    def _line(self, line: str, path: str) -> None:
        included = _INCLUDE.fullmatch(line)
        if included:
            target = included[2].strip().strip('"')
            place = target if target.startswith("/") else f"{os.path.dirname(path)}/{target}"
            self._include(included[1], place)
            return
        line = re.sub(r"(^|\s)#(?!\d).*", "", line).strip()
        if not line or _KNOWN.match(line):
            return
        rule = _RULE.fullmatch(line)
        if rule is None:
            self.unread += 1
            return
        self.rules.append(_rule(rule[1], rule[2], rule[3]))

    def _include(self, how: str, place: str) -> None:
        if how == "include":
            self.file(place)
            return
        try:
            names = sorted(os.listdir(self.tree.place(place.lstrip("/"))))
        except PermissionError:
            self.troubles[plain(place)] = "denied"
            return
        except OSError:
            return  # sudo passes over a directory that is not there
        for name in names:
            if "." not in name and not name.endswith("~"):
                self.file(f"{place}/{name}")


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            yield line.strip()


def _rule(who: str, hosts: str, rest: str) -> SudoRule:
    run_as = _RUN_AS.search(rest)
    commands = re.sub(r"\s+", " ", _RUN_AS.sub("", rest)).strip()
    bare = re.sub(r"\b[A-Z_]+:\s*", "", commands)
    return SudoRule(
        who=re.sub(r"\s+", " ", who),
        run_as=re.sub(r"\s+", "", run_as[1]) if run_as else "root",
        no_password="NOPASSWD:" in commands,
        everything="ALL" in re.split(r"\s*,\s*", bare),
        commands=mark(hosts, commands),
    )


def sudo(tree: Tree) -> Sudo:
    """All rules. Without /etc/sudoers sudo is not installed; one that may not be read is denied."""
    if not tree.has("etc/sudoers"):
        return Sudo(False, (), {}, {}, 0)
    reader = _Reader(tree)
    reader.file("/etc/sudoers")
    if "/etc/sudoers" in reader.troubles:
        raise PermissionError("/etc/sudoers")
    return Sudo(True, tuple(reader.rules), reader.files, reader.troubles, reader.unread)
