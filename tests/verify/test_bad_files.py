"""Files that are no bundle, and bundles by somebody who has the log key and means harm: exit codes."""

import gzip
import os
import random
import resource
import stat
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from checks.wire import strict_json
from checks.wire.note import format_vkey
from checks.wire.numbers import EntryKind
from collector.evidence import bundle
from collector.evidence.periods import parse_period
from collector.jobs.bundles import make_bundle
from collector.verify import cli

DAY = "2026-11-16"
HOSTILE = {
    "huge_integer": b"9" * 100_000,
    "huge_negative": b"[-" + b"9" * 50_000 + b"]",
    "big_exponent": b'{"v":1e999999999}',
    "just_beyond": b"[9007199254740993]",
    "nan": b"[NaN]",
    "infinity": b'{"size":-Infinity}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep_object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "lone_surrogate": b'["\\ud800"]',
    "doubled_key": b'{"v":1,"v":2}',
    "not_utf8": b'["\xff\xfe"]',
    "byte_order_mark": b"\xef\xbb\xbf[]",
    "cut_off": b'{"a":[1,2',
    "empty": b"",
    "null": b"null",
    "number_for_all": b"1",
    "long_text": b'"' + b"a" * 1_000_000 + b'"',
}


class Shelf:
    """A good bundle, the log key, a place for bad ones; `run` gives exit code and what was printed."""

    def __init__(self, yard: Any, place: Path, spoil: ModuleType, capsys: Any) -> None:
        self.place, self.spoil, self.capsys = place, spoil, capsys
        self.log = yard.context.signer
        self.policy = place / "policy"
        self.policy.write_text(f"log {format_vkey(yard.context.vkey)}\nquorum none\n")
        self.good = place / "good.zip"

    def run(self, path: Path, *more: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(path), "--policy", str(self.policy), "--processes", "1", *more])
        printed = self.capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return int(str(ended.value.code)), printed.out + printed.err

    def refused(self, path: Path, code: str = "") -> None:
        """Exit 1, a problem that has a name, and none that says that the verifier itself failed."""
        done, text = self.run(path)
        assert done == 1 and "internal" not in text and code in text, text[:2000]

    def with_member(self, name: str, data: bytes) -> Path:
        """Another member, everything around it made to fit and signed."""
        members = self.spoil.read_members(self.good)
        manifest = bundle.parse_manifest(members[bundle.MANIFEST])
        files = {known: members[known] for known in manifest.files} | {name: data}
        digests = self.spoil.digests(files)
        return Path(
            self.spoil.pack(
                self.place / "bad.zip", self.spoil.replace(manifest, files=digests), files, self.log
            )
        )


@pytest.fixture(scope="module")
def made(yard: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("files")
    make_bundle(yard.context, parse_period(DAY, ZoneInfo("Asia/Shanghai"), yard.hands.ms), place / "good.zip")
    return place


@pytest.fixture
def shelf(yard: Any, made: Path, load: Callable[[str], ModuleType], capsys: Any) -> Shelf:
    return Shelf(yard, made, load("spoil"), capsys)


def test_what_is_no_file_ends_in_2_and_a_link_to_a_good_one_is_verified(shelf: Shelf, tmp_path: Path):
    link, lost, pipe = tmp_path / "link.zip", tmp_path / "lost.zip", tmp_path / "pipe.zip"
    link.symlink_to(shelf.good)
    lost.symlink_to(tmp_path / "nowhere")
    os.mkfifo(pipe)
    assert shelf.run(link)[0] == 0
    for path in (lost, pipe, tmp_path, Path("/dev/null"), tmp_path / "absent.zip"):
        assert shelf.run(path)[0] == 2, path
    assert "is a directory" in shelf.run(tmp_path)[1]


def test_a_file_cut_off_anywhere_ends_in_1(shelf: Shelf, tmp_path: Path):
    data, rng, path = shelf.good.read_bytes(), random.Random(3), tmp_path / "cut.zip"
    for size in (0, 1, 21, 22, len(data) - 1, *rng.sample(range(len(data)), 12)):
        path.write_bytes(data[:size])
        shelf.refused(path, "bad_container")


def test_a_zip_of_symbolic_links_or_with_paths_that_lead_out_is_refused(shelf: Shelf, tmp_path: Path):
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as out:
        for name in shelf.spoil.read_members(shelf.good):
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            out.writestr(info, "/etc/passwd")
    shelf.refused(path, "bad_container")
    for name in ("../../etc/passwd", "/etc/passwd", "a\\b", "photos/../../x", ""):
        shelf.refused(shelf.with_member(name, b"x"), "bad_")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_in_a_signed_member_ends_in_1(shelf: Shelf, name: str):
    for member in ("log/notes.json", "calendars.json", "claims/availability.json"):
        if name == "empty" and member == "log/notes.json":
            continue
        shelf.refused(shelf.with_member(member, HOSTILE[name]), "bad_")


def documents(shelf: Shelf) -> list[tuple[EntryKind, str]]:
    return [(EntryKind.RECORD, "window"), (EntryKind.PLAN, "estate"), (EntryKind.PLAN, "agent")]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_in_a_logged_document_ends_in_1(shelf: Shelf, name: str):
    """The estate, a plan, a record of a round: digest, entry, tree and checkpoint made to fit."""
    for kind, key in documents(shelf):
        parts = shelf.spoil.take_apart(shelf.good)
        found = [at for at in parts.kinds(kind) if key in strict_json.loads(parts.parsed(at).header)]
        at, document = found[-1], HOSTILE[name]
        header = strict_json.loads(parts.parsed(at).header)
        header |= {"digest": sha256(document).hexdigest(), "bytes": len(document)}
        parts.bodies[at] = shelf.spoil.Document(document)
        parts.resign(at, strict_json.dumps(header), shelf.log)
        parts.seal(shelf.log)
        parts.figures = []
        shelf.refused(parts.write(shelf.place / "bad.zip", shelf.log))


def test_a_bomb_in_any_packed_member_is_refused_in_little_memory(shelf: Shelf):
    zeros = gzip.compress(bytes(1 << 20)) * 512  # half a GiB, in members that gzip reads as one
    packed = [name for name in shelf.spoil.read_members(shelf.good) if name.endswith(".gz")]
    assert packed
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in packed:
        shelf.refused(shelf.with_member(name, zeros), "bad_member")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 300_000, f"{grown} KiB"
