"""A small real bundle with any byte changed, cut off or put in: never accepted, and no failure."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.wire.note import format_vkey
from collector.evidence.periods import parse_period
from collector.evidence.policy import Policy, parse_policy
from collector.jobs.bundles import make_bundle
from collector.verify.verify import Options, verify_bundle


class Small:
    """Bytes of a good bundle, its policy, and a place for bad ones."""

    def __init__(self, data: bytes, policy: Policy, place: Path, log: Any) -> None:
        self.data, self.policy, self.place, self.log = data, policy, place, log

    def codes(self, data: bytes) -> set[str]:
        path = self.place / "mutated.zip"
        path.write_bytes(data)
        verdict = verify_bundle(path, self.policy, Options(full=True, processes=1))
        return {problem.code for problem in verdict.findings.problems}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, load: Any) -> Small:
    place = tmp_path_factory.mktemp("small")
    yard = load("yard").Yard(place / "collector")
    yard.open()
    yard.apply()
    yard.enrol("web-01")
    yard.hour()
    yard.hour()
    path = place / "good.zip"
    make_bundle(yard.context, parse_period("2026-11-15", ZoneInfo("Asia/Shanghai"), yard.hands.ms), path)
    policy = parse_policy(f"log {format_vkey(yard.context.vkey)}\nquorum none\n")
    yard.context.close()
    made = Small(path.read_bytes(), policy, place, yard.context.signer)
    assert made.codes(made.data) == set()
    return made


quiet = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@quiet
@given(st.data())
def test_a_flipped_byte_is_found(small: Small, data: st.DataObject):
    at = data.draw(st.integers(0, len(small.data) - 1))
    bad = bytearray(small.data)
    bad[at] ^= data.draw(st.integers(1, 255))
    found = small.codes(bytes(bad))
    assert found and "internal" not in found


@quiet
@given(st.data())
def test_a_piece_cut_out_or_put_in_is_found(small: Small, data: st.DataObject):
    begin = data.draw(st.integers(0, len(small.data)))
    end = data.draw(st.integers(begin, min(begin + 300, len(small.data))))
    piece = data.draw(st.binary(min_size=0 if end > begin else 1, max_size=9))
    bad = small.data[:begin] + piece + small.data[end:]
    if bad == small.data:
        return
    found = small.codes(bad)
    assert found and "internal" not in found


@quiet
@given(st.data())
def test_a_collector_that_signs_a_damaged_member_is_found(small: Small, load: Any, data: st.DataObject):
    """The liar has the log key: digests, manifest and container fit; what is inside does not."""
    spoil = load("spoil")
    good = small.place / "good.zip"
    members = spoil.read_members(good)
    manifest = spoil.bundle.parse_manifest(members["manifest.json"])
    files = {name: members[name] for name in manifest.files}
    name = data.draw(st.sampled_from([n for n in files if files[n] and n != "log/notes.json"]))
    member = bytearray(files[name])
    at = data.draw(st.integers(0, len(member) - 1))
    member[at] ^= 1 << data.draw(st.integers(0, 7))
    files[name] = bytes(member)
    out = small.place / "signed.zip"
    spoil.pack(out, spoil.replace(manifest, files=spoil.digests(files)), files, small.log)
    found = small.codes(out.read_bytes())
    assert "internal" not in found
    if name.endswith(".gz") and at < 10:
        return  # gzip's own header holds bytes that mean nothing
    # Another calendar, and what is said beside a figure, are shown to the reader rather than proven.
    assert found or name in ("calendars.json", "claims/availability.json")
