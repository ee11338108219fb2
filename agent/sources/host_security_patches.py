"""Outstanding updates by apt, dnf, yum or zypper, from the metadata that is on this machine already.

Nothing is fetched: a machine in a closed network is asked what it knows, and how old that is.
"""

import glob
import os
import re
from email.utils import parsedate_to_datetime

from agent.sources.host_proc import Tree
from agent.sources.host_security_run import ask
from checks.api import ErrorKind, ObservationError
from checks.hardening import Patches

MOST_LISTED = 30
_APT = re.compile(r"Inst (\S+) \[[^\]]+\] \((\S+) ([^)]*?)(?: \[[^\]]*\])?\)")
_RPM = re.compile(r"(\S+)\.(\w+)\s+(\S*\d\S*)\s+(\S+)\s*")
_ADVISORY = re.compile(r"\S+\s+(?:\S*/?Sec\.|security)\s+(?:\S+\s+)?(\S+?)-(?:\d+:)?[^-\s]+-[^-\s]+(?:\s.*)?")
_ZYPPER = re.compile(r"<update\b[^>]*?\bname=\"([^\"]+)\"[^>]*>")


def patches(tree: Tree) -> Patches:
    """By the package tool of this machine; unsupported where there is none that we know."""
    if tree.has("var/lib/dpkg/status"):
        return _apt(tree)
    if tree.has("usr/bin/zypper"):
        return _zypper(tree)
    for tool in ("dnf", "yum"):
        if tree.has(f"usr/bin/{tool}"):
            return _dnf(tree, tool)
    raise ObservationError(ErrorKind.UNSUPPORTED, "no apt, dnf, yum or zypper here")


def _apt(tree: Tree) -> Patches:
    output = ask(tree, "apt-get", "-s", "-o", "Debug::NoLocking=1", "--with-new-pkgs", "upgrade")
    outstanding, security = read_apt(output)
    releases = glob.glob(tree.place("var/lib/apt/lists/*Release"))
    told = any("security" in os.path.basename(each).lower() for each in releases)
    refreshed = [_release_at(each) for each in releases]
    refreshed.append(_changed(tree.place("var/lib/apt/periodic/update-success-stamp")))
    return _made(
        tree, "apt", outstanding, security if told else None, refreshed, tree.place("var/lib/dpkg/status")
    )


def _dnf(tree: Tree, tool: str) -> Patches:
    try:
        output = ask(tree, tool, "-q", "-C", "check-update", good=(0, 100))
        advisories = ask(tree, tool, "-q", "-C", "updateinfo", "list", "--security")
    except ObservationError as problem:
        if "ache" not in problem.detail:
            raise
        raise ObservationError(
            ErrorKind.UNSUPPORTED, f"{tool} has no metadata here: run makecache"
        ) from problem
    places = glob.glob(tree.place("var/cache/dnf/*/repodata/repomd.xml"))
    places += glob.glob(tree.place("var/cache/yum/*/*/*/repomd.xml"))
    name = "rpmdb.sqlite" if tree.has("var/lib/rpm/rpmdb.sqlite") else "Packages"
    database = tree.place(f"var/lib/rpm/{name}")
    security = read_advisories(advisories)
    return _made(tree, tool, read_rpm(output), security, [_changed(p) for p in places], database)


def _zypper(tree: Tree) -> Patches:
    output = ask(tree, "zypper", "--no-refresh", "--xmlout", "list-updates")
    patch = ask(tree, "zypper", "--no-refresh", "--xmlout", "list-patches", "--category", "security")
    places = glob.glob(tree.place("var/cache/zypp/raw/*/repodata/repomd.xml"))
    database = tree.place("var/lib/rpm/rpmdb.sqlite")
    return _made(
        tree, "zypper", read_zypper(output), read_zypper(patch), [_changed(p) for p in places], database
    )


def _made(
    tree: Tree,
    tool: str,
    outstanding: list[str],
    security: list[str] | None,
    refreshed: list[int | None],
    database: str,
) -> Patches:
    first = sorted(set(security or ())) + sorted(set(outstanding) - set(security or ()))
    return Patches(
        tool=tool,
        outstanding=len(set(outstanding)),
        security=None if security is None else len(set(security)),
        packages=tuple(first[:MOST_LISTED]),
        refreshed_at=max((one for one in refreshed if one is not None), default=None),
        installed_at=_changed(database),
        reboot=_reboot(tree),
    )


def read_apt(output: str) -> tuple[list[str], list[str]]:
    """Packages in `apt-get -s upgrade` that would replace an older one, and those from a security suite."""
    found = [_APT.match(line) for line in output.splitlines()]
    lines = [one for one in found if one is not None]
    return [one[1] for one in lines], [one[1] for one in lines if "security" in one[3].lower()]


def read_rpm(output: str) -> list[str]:
    """Packages in `dnf check-update`; what follows `Obsoleting Packages` are no updates."""
    lines = re.split(r"^Obsoleting Packages", output, flags=re.MULTILINE)[0].splitlines()
    return [one[1] for one in map(_RPM.fullmatch, lines) if one is not None]


def read_advisories(output: str) -> list[str]:
    """Packages in `dnf updateinfo list --security`, of dnf 4, dnf 5 and yum."""
    return [one[1] for one in map(_ADVISORY.fullmatch, output.splitlines()) if one is not None]


def read_zypper(output: str) -> list[str]:
    """Names in zypper's XML; ValueError when it is none."""
    if "<stream" not in output:
        raise ValueError("zypper did not answer in XML")
    return _ZYPPER.findall(output)


def _release_at(path: str) -> int | None:
    """The `Date:` of a repository's index: the metadata is at least as new as that."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file.readlines(4096):
                if line.startswith("Date:"):
                    return int(parsedate_to_datetime(line[5:].strip()).timestamp()) * 1000
    except (OSError, ValueError, TypeError):
        return None
    return None


def _changed(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns // 1_000_000
    except OSError:
        return None


def _reboot(tree: Tree) -> bool | None:
    """Whether a restart is asked for, or a kernel came after this boot; None where neither is to be seen."""
    if tree.has("run/reboot-required") or tree.has("var/run/reboot-required"):
        return True
    kernels = glob.glob(tree.place("boot/vmlinuz-*"))
    match = re.search(r"^btime (\d+)", tree.text_or("proc/stat", ""), re.MULTILINE)
    if not kernels or match is None:
        return None
    # The inode's change is the installation; the file's own date is that of the build.
    return max(os.stat(path).st_ctime for path in kernels) > int(match[1])
