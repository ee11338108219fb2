"""Manifests found at a place: which one belongs to a copy, and the chain behind it down to a full one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from checks.artefacts.manifest import ENDINGS, INSIDE, Head, ManifestError, Open, replay, summary
from checks.artefacts.standing import Memory, trouble
from checks.places import Entry, Place, shown

MOST = 100 << 20  # stored bytes of one manifest: a million files have half of that
_MOST_CHAIN = 400
_MOST_REMEMBERED = 1000  # paths that moved
_HEAD = ("object", "tree", "made", "parent", "root", "content", "files", "size", "changes", "digest", "how")


@dataclass(frozen=True, slots=True)
class Known:
    """A manifest that was read: where, what it says. `fault`: "" or why it is none (`damaged` …)."""

    path: str
    head: Head
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a copy is compared with: manifests, the full one first. `fault`: "" or manifest_missing,
    manifest_edited or what kept us from reading it; `subject` says which."""

    links: tuple[Known, ...] = ()
    fault: str = ""
    subject: str = ""

    @property
    def head(self) -> Head:
        """The newest of them."""
        return self.links[-1].head


class Pool:
    """All manifests that lie at a place, each read once in a look, and not again until it moves."""

    def __init__(self, place: Place, memory: Memory) -> None:
        self._place = place
        self._memory = memory
        self._known: dict[str, Known] = {}
        self._bare: list[str] = []

    def add(self, entries: Iterable[Entry]) -> None:
        """These are manifests as well."""
        for entry in entries:
            if entry.path not in self._known and entry.kind == "file":
                self._known[entry.path] = self._read(entry)

    def of(self, path: str) -> list[Known]:
        """Those that lie beside a copy (`COPY.manifest.gz`) or in it (`COPY/.roundseal/`), newest last."""
        found = [one for ending in ENDINGS for one in self._place.match(_plain(path) + ending)]
        inside = f"{_plain(path)}/{INSIDE}/*"
        found += [one for ending in ENDINGS for one in self._place.match(inside + ending)]
        self.add(found)
        if not found:
            self._bare.append(path)
        return sorted((self._known[one.path] for one in found), key=_age)

    def newest(self) -> Known | None:
        """The one made last. Of a damaged one only its name may say so."""
        good = max((one for one in self._known.values() if not one.fault), key=_age, default=None)
        wrong = max((one for one in self._known.values() if one.fault), key=_path, default=None)
        if good is None or wrong is None:
            return good or wrong
        return wrong if _age(wrong) > _age(good) or wrong.path > good.path else good

    def chain(self, last: Known | None) -> Chain:
        """From this one back to a full one."""
        if last is None:
            return Chain(fault="manifest_missing")
        if last.fault:
            return Chain(fault=last.fault, subject=last.path)
        by_digest = {one.head.digest: one for one in self._known.values() if not one.fault}
        links = [last]
        while parent := links[0].head.parent:
            before = by_digest.get(parent)
            if before is None or before.head.how != last.head.how or len(links) > _MOST_CHAIN:
                return Chain(fault=self._why(links[0]), subject=parent[:16])
            links.insert(0, before)
        return Chain(tuple(links))

    def _why(self, child: Known) -> str:
        """Its parent is not there: it was seen here and is gone, or has other bytes now; or a copy of between
        has none; else some other manifest of that time, which nobody follows, was it once."""
        parent, here = child.head.parent, {shown(path) for path in self._known}
        for path, one in self._memory.held.items():
            if one["value"].get("head", {}).get("digest") == parent:
                return "manifest_edited" if path in here else "manifest_missing"
        followed = {one.head.parent for one in self._known.values()}
        for one in self._known.values():
            before = one.fault or one.head.made < child.head.made
            if one is not child and before and one.head.digest not in followed:
                between = any(one.path < bare < child.path for bare in self._bare)
                return "manifest_missing" if between else "manifest_edited"
        return "manifest_missing"

    def _read(self, entry: Entry) -> Known:
        held = self._memory.get(self._place, entry)
        if held is None:
            held = self._told(entry)
            if held["fault"] in ("", "manifest_edited") and len(held["moving"]) <= _MOST_REMEMBERED:
                self._memory.put(self._place, entry, held)
        head = Head(**held["head"])
        head.moving = {bytes.fromhex(path): (why, times) for path, why, times in held["moving"]}
        return Known(entry.path, head, held["fault"])

    def _told(self, entry: Entry) -> dict[str, Any]:
        fault, head = "", Head()
        try:
            summary(lambda: self._place.blocks(entry.path, MOST), head)
        except ManifestError:
            fault = "manifest_edited"  # a whole one stood here: it is written at once and under its name
        except OSError as problem:
            fault = trouble(problem)
        moving = [(path.hex(), why, times) for path, (why, times) in head.moving.items()]
        return {"head": {name: getattr(head, name) for name in _HEAD}, "moving": moving, "fault": fault}

    def replayed(self, chain: Chain, gone: set[bytes], root: "Root") -> Iterator[tuple[bytes, bytes]]:
        """The tree as the chain says; `gone` fills with what it deleted, `root` with its root."""
        sources: list[Open] = [self._source(one.path) for one in chain.links]
        for path, line in replay(sources, gone.add):
            root.add(line)
            yield path, line

    def _source(self, path: str) -> Open:
        # While a chain is replayed several are open, and blocks of a place are good only until the next.
        def blocks() -> Iterator[bytes]:
            with self._place.open(path) as file:
                while more := file.read(1 << 18):
                    yield more

        return blocks


class Root:
    """ROOT over the lines of a tree."""

    def __init__(self) -> None:
        self._made = sha256()
        self._held: list[bytes] = []

    def add(self, line: bytes) -> None:
        """The next line."""
        self._held.append(line)
        if len(self._held) >= 512:
            self._flush()

    @property
    def hex(self) -> str:
        """After the last line."""
        self._flush()
        return self._made.hexdigest()

    def _flush(self) -> None:
        if self._held:
            self._made.update(b"\n".join(self._held) + b"\n")
            self._held.clear()


def _age(one: Known) -> tuple[int, str]:
    return one.head.made, one.path


def _path(one: Known) -> str:
    return one.path


def _plain(path: str) -> str:
    """The path as a pattern that fits itself alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)
