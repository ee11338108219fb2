"""Reading logical dumps: archives through their own tool, plain ones as the text they are."""

import contextlib
import io
import re
import zlib
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from checks.artefacts import copytext, fingerprint, pgdump, standing
from checks.artefacts.artefact import Artefact, Made, Seal
from checks.artefacts.copyrows import HOWS, SHA256, How
from checks.artefacts.copytold import Part, Told
from checks.artefacts.dumpbeside import day_of, globals_of, noted_of, times
from checks.artefacts.dumps import Dump, DumpArtefact, DumpParams, Facts, Noted
from checks.artefacts.fingerprint import Compared, Fingerprint
from checks.artefacts.layers import CHUNK, Account, End, LayerError, piped
from checks.artefacts.levels import UNTOLD
from checks.artefacts.opening import opened
from checks.artefacts.pgtar import WatchedTar
from checks.artefacts.sealing import seal_of
from checks.artefacts.twins import twin
from checks.codec import from_json, to_json
from checks.places import Backups, Entry, Place, Tools


@dataclass(frozen=True, slots=True)
class Product:
    """Whose dumps: the tool that turns archives into text. `opaque`: how its archives begin is not known, so
    that any bytes that are no text may be one."""

    restore: str
    opaque: bool = False


def observe(backups: Backups, params: DumpParams, product: Product, by: int) -> Facts:
    """Read the newest, and those whose turn it is; `by`: the version of the check."""
    with backups.place(params) as place, standing.remembered(backups, "read", by) as memory:
        found = standing.survey(place, params, memory)
        look = _Look(backups, place, found, memory, params, product)
        made = tuple(look.artefact(entry) for entry in found.chosen)
        held = globals_of(backups, place, params) if params.globals else None
    return Facts(made, found.stands, held)


@dataclass(frozen=True, slots=True)
class _Look:
    backups: Backups
    place: Place
    found: standing.Survey
    memory: standing.Memory
    params: DumpParams
    product: Product
    versions: dict[str, str] = field(default_factory=dict)  # of tools, each asked once in a look

    def artefact(self, entry: Entry) -> DumpArtefact:
        """One of them; what was read before and has not moved is not read again."""
        params = self.params
        base = standing.read(self.place, self.found, entry, self.memory, params, self.backups.now())
        named = day_of(params.path, entry.path, params.zone_min)
        noted, expected = noted_of(self.place, entry.path, params.fingerprint)
        if base.trouble or not base.bytes:
            return DumpArtefact(base, noted=noted, named=named)
        same = twin(entry, base, self.found, self.memory)
        mark = repr((params.sealed, params.limits, noted.own, self.product.restore))
        try:
            kept = self.memory.told(entry, mark, lambda: self._read(entry, expected))
        except OSError as problem:
            return DumpArtefact(replace(base, trouble=standing.trouble(problem)), noted=noted, named=named)
        dump, seal = from_json(Dump, kept["dump"]), from_json(Seal, kept["seal"])
        compared = from_json(Compared, kept["compared"]) if kept["compared"] else None
        base = self._told(base, dump, seal, noted, compared, kept["root"])
        return DumpArtefact(base, dump, noted, compared, same, named)

    def _told(
        self, base: Artefact, dump: Dump, seal: Seal, noted: Noted, compared: Compared | None, root: str
    ) -> Artefact:
        start, end = times(dump, noted, self.params.zone_min, base.modified)
        made = Made(start, end, dump.made_by, dump.database or noted.database, noted.system)
        return replace(
            base,
            made=made,
            seal=seal,
            fingerprint=compared.root if compared is not None else root,
            expected=noted.root,
        )

    def _read(self, entry: Entry, expected: Fingerprint | None) -> dict[str, Any]:
        how = HOWS.get(expected.how, SHA256) if expected is not None else SHA256
        seal = Seal()
        if entry.kind == "file":
            seal = seal_of(self.backups, self.place, entry.path, self.params.sealed)
        dump, told = self._content(entry, how)
        tables = {name: one for part in told.parts for name, one in part.own().items()} if told else {}
        objects = told.parts[-1].objects if told and len(told.parts) == 1 else None
        compared = None
        if expected is not None and told is not None and told.parts:
            part = next((p for p in told.parts if p.name == expected.database), told.parts[0])
            compared = fingerprint.compare(expected, part.tables, part.objects)
        whole = bool(told and told.complete and not dump.trouble)
        return {
            "dump": to_json(dump),
            "seal": to_json(replace(seal, inner=dump.format if seal.scheme else "")),
            "compared": to_json(compared) if compared is not None else None,
            "root": fingerprint.root_alone(tables, objects) if whole else "",
            "untold": dump.trouble in UNTOLD,
        }

    def _content(self, entry: Entry, how: How) -> tuple[Dump, Told | None]:
        if entry.kind == "directory":
            return self._directory(entry, how)
        accounts: list[Account] = []
        made = Dump()
        try:
            with opened(
                self.backups, self.place, entry.path, self.params.sealed, self.params.limits
            ) as whole:
                accounts, made = whole.accounts, replace(made, layers=tuple(whole.layers))
                archive = self._archive(whole.head, whole.content)
                if archive is None:
                    made = replace(made, format="plain" if whole.content == "sql" else "")
                    told = copytext.read(whole.stream, how)
                else:
                    made = self._headed(archive, made)
                    told = self._by_tool(entry, whole.stream, made, how)
        except LayerError as problem:
            return replace(made, trouble=problem.reason, layer=problem.layer, tool=self._tool()), None
        made = _with_text(made, told)
        if made.format == "custom" and not made.layers:
            made = replace(made, trailing=self._behind(entry))
        # Nothing but a program's complaint, or comments: read as the text it is.
        if not made.format and (told.errors or told.complete):
            made = replace(made, format="plain")
        strange = sum(one.trailing for one in accounts)
        members = sum(one.count for one in accounts[:1])
        tool = "" if made.format in ("", "plain") else self._tool(self._able(made.since))
        return replace(made, trailing=made.trailing + strange, members=members, tool=tool), told

    def _archive(self, head: bytes, content: str) -> tuple[str, bytes] | None:
        """Format and header of an archive; None where it is text."""
        strange = self.product.opaque and not content and b"\0" in head[:512]
        if content == "pg_custom" or strange:
            return "custom", head
        if content == "tar":
            return "tar", head[512:] if head[:8].startswith(b"toc.dat\0") else b""
        return None

    def _headed(self, archive: tuple[str, bytes], made: Dump) -> Dump:
        form, head = archive
        made = replace(made, format=form, unique=True)
        if form == "tar" and not head:
            raise LayerError("unsupported", "tar")
        try:
            found = pgdump.header(io.BytesIO(head))
        except pgdump.ArchiveError as problem:
            # Whether a header of another maker is sound is for its tool to say.
            if not self.product.opaque:
                raise LayerError(problem.reason, form) from None
            return made
        return _of_header(made, found)

    def _by_tool(self, entry: Entry, stream: BinaryIO, made: Dump, how: How) -> Told:
        """The text its own tool makes of an archive. LayerError for what the tool complains about."""
        tools, name = self.backups.tools, self._able(made.since)
        local = self.place.local(entry.path)
        if made.format == "tar":
            return self._tar(name, stream, how)
        if made.layers or local is None:
            with piped(tools, name, [name, "-f", "-"], stream, _complaint) as child:
                return copytext.read(io.BufferedReader(child, CHUNK), how)
        return self._by_path(tools, name, local, how)

    def _tar(self, name: str, stream: BinaryIO, how: How) -> Told:
        watched = WatchedTar(stream)
        whole = io.BufferedReader(watched, CHUNK)
        try:
            with piped(
                self.backups.tools, name, [name, "-f", "-"], whole, _complaint, needless=watched.made_up
            ) as child:
                told = copytext.read(io.BufferedReader(child, CHUNK), how)
        except LayerError as problem:
            if watched.cut and problem.layer == name:
                raise LayerError("truncated", "tar") from None
            raise
        if watched.cut:
            raise LayerError("truncated", "tar")
        if watched.lost:  # in what the tool has no use for: that member, and all behind it
            raise LayerError("damaged", "tar")
        told.trailing += watched.behind
        return told

    def _by_path(self, tools: Tools, name: str, local: str, how: How) -> Told:
        if tools.find(name) is None:
            raise LayerError("no_tool", name)
        with tools.stream([name, "-f", "-", "--", local]) as child:
            told = copytext.read(child.out, how)
            word = _complaint(End(child.finish(), child.complaint, told.bytes, 0))
        if word:
            raise LayerError(word, name, child.complaint[-300:].decode("utf-8", "replace"))
        return told

    def _directory(self, entry: Entry, how: How) -> tuple[Dump, Told | None]:
        made = Dump(format="directory", unique=True)
        names = set(self.place.names(entry.path))
        if "toc.dat" not in names and any(_PHYSICAL.fullmatch(one) for one in names):
            # A whole backup may stand here, of another kind: what is missing of a dump says nothing of it.
            return Dump(trouble="unsupported", layer="basebackup"), None
        if "toc.dat" not in names:
            return replace(made, parts_missing=("toc.dat",), trouble="truncated"), None
        try:
            with contextlib.closing(self.place.open(f"{entry.path}/toc.dat")) as file:
                head = pgdump.header(file)
                made = _of_header(made, head)
                wanted = [one.file for one in pgdump.contents(file, head) if one.has_data and one.file]
        except pgdump.ArchiveError as problem:
            if not self.product.opaque and problem.reason != "too_new":
                return replace(made, trouble=problem.reason, layer="toc.dat"), None
            wanted = []
        gone = [one for one in wanted if not names & {one, f"{one}.gz", f"{one}.lz4", f"{one}.zst"}]
        made = replace(made, parts_missing=tuple(gone[:20]), tool=self._tool(self._able(made.since)))
        local = self.place.local(entry.path)
        if local is None:
            return replace(made, trouble="unsupported", layer="directory"), None
        if gone:
            return replace(made, trouble="truncated", layer="directory"), None
        try:
            told = self._by_path(self.backups.tools, self._able(made.since), local, how)
        except LayerError as problem:
            cut = problem.reason == "damaged" and self._breaks_off(entry, names)
            return replace(made, trouble="truncated" if cut else problem.reason, layer=problem.layer), None
        return _with_text(made, told), told

    def _breaks_off(self, entry: Entry, names: set[str]) -> bool:
        """Whether a compressed file of a directory ends before its stream does; the tool does not say."""
        for name in sorted(one for one in names if one.endswith(".gz")):
            reader = zlib.decompressobj(31)
            try:
                for block in self.place.blocks(f"{entry.path}/{name}", 1 << 62):
                    data = bytes(block)
                    while data and not reader.eof:
                        reader.decompress(data, CHUNK)
                        data = reader.unconsumed_tail
            except (OSError, zlib.error):
                continue
            if not reader.eof:
                return True
        return False

    def _behind(self, entry: Entry) -> int:
        """Bytes behind the end of a custom archive."""
        with contextlib.closing(self.place.open(entry.path)) as file:
            try:
                head = pgdump.header(file)
                for _ in pgdump.contents(file, head):
                    pass
                return entry.size - pgdump.end_of_data(file, head)
            except pgdump.ArchiveError:
                return 0  # what is wrong with it the tool has said

    def _able(self, since: int) -> str:
        """The tool that reads archives of which `since` is the first version that does, if there is one."""
        name = self.product.restore
        version = self._tool().split(".")[0]
        later = f"{name}@{since}"
        if not since or (version and int(version) >= since) or self.backups.tools.find(later) is None:
            return name
        return later

    def _tool(self, name: str = "") -> str:
        """Version of the tool that reads archives here, "" where there is none."""
        name = name or self.product.restore
        if name not in self.versions:
            self.versions[name] = self._version(name)
        return self.versions[name]

    def _version(self, name: str) -> str:
        tools = self.backups.tools
        if tools.find(name) is None:
            return ""
        with tools.stream([name, "--version"]) as child:
            said = child.out.read(4096).decode("utf-8", "replace")
            child.finish()
        found = re.search(r"\d+(?:\.\d+)*", said)
        return found.group() if found else ""


# What pg_basebackup leaves, as files or as tar archives.
_PHYSICAL = re.compile(r"PG_VERSION|backup_manifest|backup_label|(?:base|pg_wal)\.tar(?:\.\w+)?")
_SAID: tuple[tuple[str, bytes], ...] = (
    ("too_new", rb"unsupported version \("),
    ("no_tool", rb"not supported by this installation|does not support compression|not built with"),
    ("part_missing", rb"could not open (?:input file|TOC file|large object TOC)"),
    ("truncated", rb"end of file|too short|unexpected EOF|premature end|could not find header for file"),
    ("unknown_format", rb"does not appear to be a valid archive|did not find magic string"),
)


def _complaint(end: End) -> str:
    """Word for why the tool was not content; a warning alone is none."""
    if not end.status:
        return ""
    return next((word for word, marks in _SAID if re.search(marks, end.complaint)), "damaged")


def _of_header(made: Dump, head: pgdump.Header) -> Dump:
    major, minor, _ = head.version
    return replace(
        made, archive=f"{major}.{minor}", since=head.since, begun=head.made, database=head.database,
        server=_version(head.server), made_by=f"pg_dump {_version(head.tool)}",
    )  # fmt: skip


def _version(text: str) -> str:
    return text.split(" ", 1)[0][:60]


def _with_text(made: Dump, told: Told) -> Dump:
    parts = told.parts
    named = tuple(dict.fromkeys(one.name for one in parts if one.name))
    one = parts[0] if parts else Part()
    return replace(
        made,
        server=made.server or one.server,
        made_by=made.made_by or one.tool,
        database=made.database or ("" if told.cluster or not named else named[0]),
        encoding=one.encoding,
        cluster=told.cluster,
        databases=named[:200] if told.cluster else (),
        text=told.bytes,
        complete=told.complete,
        cut=told.cut,
        headers=told.headers,
        again=told.again,
        misfits=told.misfits,
        unlike=not all(each.transcoded for each in parts),
        errors=told.errors,
        error=told.error,
        trailing=told.trailing,
        tables=sum(len(each.tables) for each in parts),
        created=sum(each.created for each in parts),
        rows=told.rows,
        inserts=sum(each.inserts for each in parts),
        objects=sum(each.objects.count for each in parts),
        roles=told.roles,
        unique=made.unique or told.marked,
    )
