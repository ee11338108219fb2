"""What somebody with every key of the collector changes about people's statements is found all the same."""

import io
import tarfile
from dataclasses import replace
from hashlib import sha256

import pytest

from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.inspection import human as people
from collector.inspection.human import Answer
from collector.jobs.backup import backup
from collector.jobs.fsck import Fsck
from collector.store import photos

NOTE = b" a picture of the room" + bytes(200)
PICTURE = (
    b"\xff\xd8\xff\xe0"
    + (2 + len(NOTE)).to_bytes(2)
    + NOTE
    + b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x01\xff\xd9"
)
MINUTE = 60_000


@pytest.fixture(scope="module")
def whole(make_walk, tmp_path_factory, spoil):
    """A day with an arrival, two sheets, a correction, a photograph, a sign-off and its record."""
    with make_walk(tmp_path_factory.mktemp("whole")) as walk:
        yield _whole(walk, tmp_path_factory.mktemp("good"), spoil)


def _whole(walk, tmp_path, spoil):
    digest = photos.keep(walk.context.directory, io.BytesIO(PICTURE))
    walk.arrive()
    first = walk.enter("web-01", Answer("lamps", "crit", "电源灯不亮", photos=(digest,)))
    walk.enter("room-1", Answer("water", "unknown", "够不着"), Answer("temperature", "ok", "", 23, "℃"))
    last = walk.enter("web-01", Answer("lamps", "ok", "已换电源", corrects=first))
    walk.machine()
    walk.sign(last)
    walk.close()
    return walk, walk.bundle(tmp_path / "good.zip", with_photos=True), spoil


def statements(parts, kind):
    """Places of the statements of a kind in the bundle."""
    found = []
    for at in parts.kinds(EntryKind.STATEMENT):
        if strict_json.loads(parts.parsed(at).header)["kind"] == kind:
            found.append(at)
    return found


def reword(walk, parts, place, sheet=None, received=None, **changes):
    """Another header (and sheet) in its place, signed by the collector."""
    header = strict_json.loads(parts.parsed(place).header) | changes
    if sheet is not None:
        header |= {"digest": sha256(sheet).hexdigest(), "bytes": len(sheet)}
        parts.bodies[place] = type(parts.bodies[place])(sheet)
    parts.resign(place, strict_json.dumps(header), walk.context.signer)
    if received is not None:
        parts.replace_entry(place, received_ms=received)


def found_in(walk, parts, out):
    parts.seal(walk.context.signer)
    verdict = walk.verify(parts.write(out, walk.context.signer))
    return {problem.code for problem in verdict.findings.problems}, verdict


def sheet_of(parts, at):
    return people.parse_sheet(parts.bodies[at].data)


def test_the_whole_day_is_verified_with_and_without_the_photographs(whole, tmp_path):
    walk, good, _ = whole
    verdict = walk.verify(good)
    assert verdict.good, verdict.findings.problems
    assert verdict.findings.counted["photographs"] == 1
    assert verdict.findings.counted["statements of people"] == 5
    bare = walk.verify(walk.bundle(tmp_path / "bare.zip"))
    assert bare.good
    assert any("1 photographs are named by digest" in text for text in bare.findings.notices)
    assert any("grade D" in text for text in bare.findings.notices)


def test_a_changed_note_is_found(whole, tmp_path):
    walk, good, spoil = whole
    parts = spoil.take_apart(good)
    at = statements(parts, "human")[2]
    sheet = sheet_of(parts, at)
    soft = replace(sheet, items=(replace(sheet.items[0], note="一切正常"),))
    parts.bodies[at] = type(parts.bodies[at])(people.encode_sheet(soft))
    codes, _ = found_in(walk, parts, tmp_path / "body.zip")
    assert "bad_body" in codes
    reword(walk, parts, at, people.encode_sheet(soft))
    codes, _ = found_in(walk, parts, tmp_path / "liar.zip")
    assert codes == {"claim_differs"}


def test_a_dropped_statement_is_found_by_the_record_and_by_the_sign_off(whole, tmp_path):
    walk, good, spoil = whole
    parts = spoil.take_apart(good)
    at = statements(parts, "human")[0]
    del parts.entries[at], parts.bodies[at]
    codes, _ = found_in(walk, parts, tmp_path / "dropped.zip")
    assert {"bad_statement", "claim_differs"} <= codes


def test_a_photograph_of_other_bytes_is_found(whole, tmp_path):
    walk, good, spoil = whole
    parts = spoil.take_apart(good)
    name = f"photos/{sha256(PICTURE).hexdigest()}"
    for extra in ({name: PICTURE + b"x"}, {f"photos/{'a' * 64}": PICTURE}):
        parts.extra = extra
        codes, _ = found_in(walk, parts, tmp_path / "photo.zip")
        assert codes == {"bad_photo"}
    unnamed = b"\xff\xd8\xff another room"
    parts.extra = {f"photos/{sha256(unnamed).hexdigest()}": unnamed}
    assert found_in(walk, parts, tmp_path / "unnamed.zip")[0] == {"bad_photo"}
    members = spoil.read_members(good)
    members[name] += b"x"
    verdict = walk.verify(spoil.write_members(tmp_path / "member.zip", members))
    assert {p.code for p in verdict.findings.problems} == {"bad_member"}


def test_a_statement_from_before_the_round_is_found(whole, tmp_path):
    walk, good, spoil = whole
    parts = spoil.take_apart(good)
    at = statements(parts, "human")[0]
    early = walk.window().from_ms - MINUTE
    reword(walk, parts, at, received=early, at=early)
    assert "bad_statement" in found_in(walk, parts, tmp_path / "early.zip")[0]


def test_a_late_statement_that_does_not_say_so_is_found(walk, spoil, tmp_path):
    walk.at(12)
    walk.arrive()
    walk.machine()
    walk.sign(walk.everything())
    made = walk.close()
    assert all(look.late for look in made.human.items) and made.overview.late == 3
    good = walk.bundle(tmp_path / "late.zip")
    assert walk.verify(good).good
    parts = spoil.take_apart(good)
    for kind in people.KINDS:
        parts = spoil.take_apart(good)
        reword(walk, parts, statements(parts, kind)[0], late=False)
        assert "bad_statement" in found_in(walk, parts, tmp_path / f"{kind}.zip")[0]
    parts = spoil.take_apart(good)
    at = statements(parts, "human")[0]
    reword(walk, parts, at, late=False, at=walk.window().to_ms - MINUTE)
    assert "bad_statement" in found_in(walk, parts, tmp_path / "clock.zip")[0]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("human", {"by": "qian"}),
        ("human", {"arrival": None}),
        ("human", {"window": "walk/2026-11-15"}),
        ("human", {"asset": "room-9"}),
        ("human", {"mood": "good"}),
        ("human", {"at": "noon"}),
        ("arrival", {"kind": "sign_off"}),
        ("arrival", {"window": "stroll/2026-11-16"}),
        ("sign_off", {"upto": 1}),
        ("sign_off", {"count": 2}),
        ("sign_off", {"upto": None}),
    ],
)
def test_a_header_that_says_something_else_is_found(whole, tmp_path, kind, changes):
    walk, good, spoil = whole
    parts = spoil.take_apart(good)
    reword(walk, parts, statements(parts, kind)[0], **changes)
    codes, _ = found_in(walk, parts, tmp_path / "header.zip")
    assert "bad_statement" in codes and "internal" not in codes


@pytest.mark.parametrize(
    "sheet",
    [
        b"",
        b"{}",
        b'{"v":1,"window":"walk/2026-11-16","asset":"web-01","items":[]}',
        b'{"v":1,"window":"walk/2026-11-16","asset":"web-01","items":[{"item":"lamps","state":"fine"}]}',
        b'{"v":1,"window":"walk/2026-11-16","asset":"web-01","items":[{"item":"noise","state":"ok"}]}',
        b'{"v":1,"window":"walk/2026-11-16","asset":"web-01","items":[{"item":"lamps","state":"ok"}]}',
        b'{"v":1,"window":"walk/2026-11-16","asset":"web-01","items":[{"item":"lamps","state":"ok"},'
        b'{"item":"lamps","state":"crit"}]}',
        b'{"v":2,"window":"walk/2026-11-16","asset":"web-01","items":[{"item":"lamps","state":"ok"}]}',
        b'{"v":1,"window":"walk/2026-11-17","asset":"web-01","items":[{"item":"lamps","state":"ok"}]}',
        b"\xff\xfe",
    ],
)
def test_a_sheet_that_is_none_or_answers_again_is_found(whole, tmp_path, sheet):
    walk, good, spoil = whole
    parts = spoil.take_apart(good)
    reword(walk, parts, statements(parts, "human")[2], sheet)
    codes, _ = found_in(walk, parts, tmp_path / "sheet.zip")
    assert "bad_statement" in codes and "internal" not in codes


def test_a_record_that_calls_good_what_nobody_did_is_found(walk, spoil, tmp_path):
    walk.machine()
    walk.at(40)
    made = walk.close()
    parts = spoil.take_apart(walk.bundle(tmp_path / "undone.zip"))
    at = parts.kinds(EntryKind.RECORD)[0]
    from collector.inspection import record as records

    nice = replace(made.human, items=tuple(replace(one, state="ok") for one in made.human.items))
    document = records.encode(replace(made, human=nice))
    reword(walk, parts, at, document)
    assert found_in(walk, parts, tmp_path / "nice.zip")[0] == {"claim_differs"}


def test_a_photograph_that_is_gone_is_named_when_the_bundle_is_made(whole, tmp_path):
    from click.testing import CliRunner

    from collector.cli_bundle import make

    walk, _, _ = whole
    digest = sha256(PICTURE).hexdigest()
    place = photos.path_of(walk.context.directory, digest)
    place.write_bytes(PICTURE + b"x")
    words = [str(walk.context.directory), "--period", "2026-11-16", "--out", str(tmp_path / "o.zip")]
    done = CliRunner().invoke(make, [*words, "--with-photos"])
    assert done.exit_code == 1 and f"photograph {digest} was changed" in done.output
    place.unlink()
    done = CliRunner().invoke(make, [*words, "--with-photos"])
    assert done.exit_code == 0 and f"photograph {digest} is named" in done.output
    place.write_bytes(PICTURE + b"x")
    wrong = Fsck(walk.context, full=True).run().problems
    assert [(one.code, digest in one.detail) for one in wrong] == [("photo", True)]
    assert walk.verify(tmp_path / "o.zip").good
    place.write_bytes(PICTURE)
    assert Fsck(walk.context, full=True).run().problems == []


def test_a_backup_brings_the_photographs_along(whole, tmp_path):
    walk, _, _ = whole
    (walk.context.directory / "photos" / ".newhalf").write_bytes(b"still arriving")
    (walk.context.directory / "tls").mkdir(exist_ok=True)
    backup(walk.context, tmp_path / "b.tar")
    with tarfile.open(tmp_path / "b.tar") as tar:
        names = tar.getnames()
    digest = sha256(PICTURE).hexdigest()
    assert f"photos/{digest[:2]}/{digest}" in names and "photos/.newhalf" not in names
