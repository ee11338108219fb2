"""A spoiled bundle is never accepted: every flipped byte, and edits with everything made fitting again."""

import random
import subprocess

import pytest
from parts import loaded

from checks.wire.signing import Signer
from collector.verify.findings import CODES

SAMPLE = 250


@pytest.fixture
def log_key(small_bundle):
    text = (small_bundle.site.directory / "keys" / "log.key").read_text()
    return Signer(bytes.fromhex(text.strip()))


def test_the_bundle_itself_is_good(small_bundle):
    assert small_bundle.bench.codes(small_bundle.data) == set()


def test_a_flipped_byte_is_noticed_wherever_it_is(small_bundle):
    size = len(small_bundle.data)
    rng = random.Random(7)
    at = {*range(40), *range(size - 40, size), *rng.sample(range(size), SAMPLE)}
    assert small_bundle.bench.flipped(sorted(at), rng) == []


def test_a_bundle_cut_off_or_longer_is_noticed(small_bundle):
    data = small_bundle.data
    for spoiled in (
        b"",
        data[:1],
        data[: len(data) // 2],
        data[:-1],
        data + b"\0",
        b"\0" + data,
        data + data,
    ):
        assert small_bundle.bench.codes(spoiled)


def test_the_program_exits_with_1_and_names_the_problem(small_bundle, e2e):
    rng = random.Random(8)
    for at in rng.sample(range(len(small_bundle.data)), 4):
        spoiled = bytearray(small_bundle.data)
        spoiled[at] ^= 0x10
        file = small_bundle.bench.place
        file.write_bytes(bytes(spoiled))
        words = [e2e.BIN / "roundseal-verify", file, "--policy", small_bundle.site.directory / "policy"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1, (at, done.stdout, done.stderr)
        assert any(code in done.stdout for code in CODES)
        assert "Traceback" not in done.stderr


def test_edits_by_someone_without_the_log_key_are_never_accepted(small_bundle, log_key):
    spoiled = loaded("e2e/spoiled.py")
    wrong = []
    for name, edit in {**spoiled.ANY, **spoiled.SIGNED}.items():
        for how, signer, key_id in (
            ("as it was", None, None),
            ("another key", spoiled.OTHER, None),
            ("another key under the log's id", spoiled.OTHER, log_key.key_id),
        ):
            parts = spoiled.Parts.of(small_bundle.data)
            edit(parts)
            if not small_bundle.bench.codes(parts.made(signer, key_id)) - {"internal"}:
                wrong.append(f"{name}, signed by {how}")
    assert not wrong


def test_even_the_holder_of_the_log_key_cannot_change_what_the_tree_and_the_agents_signed(
    small_bundle, log_key
):
    spoiled = loaded("e2e/spoiled.py")
    same = spoiled.Parts.of(small_bundle.data)
    assert small_bundle.bench.codes(same.made(log_key)) == set(), "put together again it is as good as before"
    wrong = []
    for name, edit in spoiled.ANY.items():
        parts = spoiled.Parts.of(small_bundle.data)
        edit(parts)
        if not small_bundle.bench.codes(parts.made(log_key)) - {"internal"}:
            wrong.append(name)
    assert not wrong
