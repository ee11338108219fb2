"""All of an artefact's content, read once through its seal and compression: what every sealed or packed kind
shares. `look_inside` looks, `judge_form` decides level L4."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from checks.artefacts import zips
from checks.artefacts.archives import Contents, read_stream, read_tar
from checks.artefacts.formats import COMPRESSIONS
from checks.artefacts.inner import inner_time
from checks.artefacts.layers import Account, LayerError, Limits
from checks.artefacts.levels import REASONS, UNTOLD, Level, Verdict, bad, good, untold
from checks.artefacts.opening import Keys, Opened, Sealed, opened_with
from checks.artefacts.packing import read_7z, read_zip
from checks.places import Place, Tools

_BLOCKS = frozenset({65_280, 65_536, *(100_000 * n for n in range(1, 10))})


@dataclass(frozen=True, slots=True)
class Packing:
    """One compression. `members`: streams one behind the other; `even`: they are as parallel compressors
    write them, all of one size but the last; `trailing`: bytes behind the end that are no zeros; `checked`:
    each holds a checksum of its content."""

    layer: str
    members: int
    even: bool
    trailing: int
    checked: bool


@dataclass(frozen=True, slots=True)
class Read:
    """What reading gave. `layers`: seal and compressions from the outside in; `content`: format of what is
    inside ("" none we know). `trouble`: word for what ended the reading, in `layer` ("" nothing): then
    `contents` is as far as we came. `made`: when the content says it was made."""

    layers: tuple[str, ...] = ()
    content: str = ""
    packings: tuple[Packing, ...] = ()
    contents: Contents = field(default_factory=Contents)
    trouble: str = ""
    layer: str = ""
    made: int | None = None


def look_inside(
    tools: Tools,
    place: Place,
    path: str,
    sealed: Sealed,
    keys: Keys | None,
    limits: Limits,
    strip: int,
    zone: int,
) -> Read:
    """Read all of it. OSError and ObservationError as the place's and the tools' own."""
    seen = Read()
    whole: Opened | None = None
    try:
        with opened_with(tools, place, path, sealed, keys, limits, archives=False) as whole:
            seen = Read(
                layers=tuple(whole.layers),
                content=whole.content,
                made=inner_time(whole.content, whole.head, zone),
            )
            if not (whole.content or whole.layers) and _ends_as_zip(place, path):
                seen = replace(seen, content="zip")
            if seen.content in ("zip", "7z") and not whole.layers:
                reader = read_zip if seen.content == "zip" else read_7z
                return replace(seen, contents=reader(tools, place, path, keys, limits))
            reader_of = read_tar if whole.content == "tar" else None
            made = reader_of(whole.stream, limits, strip) if reader_of else read_stream(whole.stream, limits)
            if made.bytes == len(whole.head) == whole.head.count(0):
                made = replace(made, bytes=0)  # zeros alone: a tar of nothing
            return replace(seen, contents=made, packings=packings_of(whole))
    except LayerError as problem:
        known = packings_of(whole) if whole is not None else ()
        layers = tuple(whole.layers) if whole is not None else problem.layers
        content = whole.content if whole is not None else ""
        return replace(
            seen, layers=layers, content=content, packings=known, trouble=problem.reason, layer=problem.layer
        )


def _ends_as_zip(place: Place, path: str) -> bool:
    """Whether something that begins with other bytes (a program that unpacks it, the middle of a volume) goes
    by the name of a zip and ends like one. LayerError for the last of several volumes."""
    if not path.lower().endswith(".zip"):
        return False
    try:
        with contextlib.closing(place.open(path)) as file:
            zips.directory(file, place.stat(path).size)
    except zips.ZipError as problem:
        if problem.reason == "unsupported":
            raise LayerError("unsupported", "zip", "one of several volumes") from None
        return False
    return True


def packings_of(whole: Opened) -> tuple[Packing, ...]:
    """Its compressions, complete once all was read."""
    return tuple(
        Packing(one.layer, one.count, _even(one), one.trailing, one.checked) for one in whole.accounts
    )


def _even(account: Account) -> bool:
    sizes = account.members
    if account.parallel or account.count < 2 or any(one < 0 for one in sizes):
        return account.parallel or account.count < 2
    first = sizes[0]
    same = all(one == first for one in sizes[: min(account.count - 1, len(sizes))])
    return same and sizes[-1] <= first and (account.count > 2 or first in _BLOCKS)


def judge_form(seen: Read, *, sealed: str, recorded: bool, several: bool, wanted: str) -> Iterator[Verdict]:
    """Verdicts at L0 (nothing inside) and L4. `sealed`: the seal's scheme: what breaks below it is the seal's
    to tell. `recorded`: bytes were compared with a digest recorded of them; `several`: members one behind the
    other are meant; `wanted`: format it must have ("" any)."""
    if seen.trouble:
        yield _trouble(seen, sealed)
        return
    held = seen.contents
    if not sealed and not (held.entries if held.format else held.bytes):
        yield bad("nothing_inside")
    yield from _packed(seen.packings, recorded, several)
    yield from _archive(seen.contents, wanted)
    if not (seen.layers or seen.content or wanted):
        yield untold(Level.WELL_FORMED, "unsupported")
    yield good(Level.WELL_FORMED)


def _trouble(seen: Read, sealed: str) -> Verdict:
    if seen.trouble in UNTOLD:
        return untold(Level.WELL_FORMED, seen.trouble, seen.layer)
    of = REASONS.get(seen.trouble, Level.SEALED)
    if of is Level.SEALED or (sealed and seen.layer != sealed):
        return untold(Level.WELL_FORMED, "not_read", seen.layer)
    return bad(seen.trouble, seen.layer)


def _packed(packings: tuple[Packing, ...], recorded: bool, several: bool) -> Iterator[Verdict]:
    for one in packings:
        if one.trailing:
            yield bad("trailing_bytes", one.layer)
        if one.members > 1 and not one.even and not several:
            yield bad("several_members", one.layer)
        if not one.checked and not recorded:
            yield bad("no_checksum", one.layer)


def _archive(contents: Contents, wanted: str) -> Iterator[Verdict]:
    if wanted and (contents.format or "file") != wanted:
        yield bad("unknown_format", contents.format or "file")
    if contents.several:
        yield bad("several_members", contents.format)
    elif contents.trailing:
        yield bad("trailing_bytes", contents.format)
    if contents.differing:
        yield bad("damaged", contents.format)
    if contents.unsafe_count:
        yield bad("unsafe_names", contents.unsafe[0] if contents.unsafe else "")


def claims(name: str) -> str:
    """The container that a file's name claims: a compression, tar, zip, 7z, "" none."""
    low = name.lower()
    return next((kind for ending, kind in _ENDINGS.items() if low.endswith(ending)), "")


_ENDINGS = {
    **{".tar": "tar", ".tgz": "gzip", ".gz": "gzip", ".bz2": "bzip2", ".tbz2": "bzip2", ".xz": "xz"},
    **{".txz": "xz", ".zst": "zstd", ".tzst": "zstd", ".lz4": "lz4", ".zip": "zip", ".7z": "7z"},
}
assert set(_ENDINGS.values()) - {"tar", "zip", "7z"} == COMPRESSIONS  # noqa: S101  # both lists in step
