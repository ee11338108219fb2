"""Samples: as many as the confidence takes, and no confidence where the seed was anybody's choice."""

import os

import pytest

from checks.api import Seen
from checks.artefacts.sampling import Sample, Stratum, drawn, needed
from checks.backup import tree


@pytest.mark.parametrize(
    ("share", "counts"), [(50_000, (59, 90, 135)), (10_000, (299, 459, 688)), (1000, (2995, 4603, 6905))]
)
def test_the_table_of_the_design(share: int, counts: tuple[int, ...]) -> None:
    assert tuple(needed(share, miss) for miss in (50_000, 10_000, 1000)) == counts


@pytest.mark.parametrize("share", [999_999, 500_000, 123_456, 777])
@pytest.mark.parametrize("miss", [500_000, 12_345, 100])
def test_one_fewer_would_not_do(share: int, miss: int) -> None:
    n = needed(share, miss)
    keep = 1_000_000 - share
    assert keep**n * 1_000_000 <= miss * 1_000_000**n
    assert n == 1 or keep ** (n - 1) * 1_000_000 > miss * 1_000_000 ** (n - 1)


def test_a_draw_is_the_same_again_and_another_with_another_seed() -> None:
    first = list(drawn("seed", "blocks", 1000, 100))
    assert first == list(drawn("seed", "blocks", 1000, 100))
    assert len(set(first)) == 100
    assert all(0 <= one < 1000 for one in first)
    assert first != list(drawn("seed", "files", 1000, 100))
    assert sorted(drawn("x", "y", 7, 100)) == list(range(7))


def test_damage_is_met_as_often_as_the_numbers_say() -> None:
    n = needed(50_000, 50_000)
    met = sum(any(one < 50 for one in drawn(f"s{i}", "b", 1000, n)) for i in range(400))
    assert (
        met >= 368
    )  # 95 % of 400 is 380; below 368 in one of 10^5 runs, and these seeds are always the same


@pytest.fixture
def large(site):
    """Two files of several blocks, many small ones."""
    site.put("big1", os.urandom(1 << 20) * 20)
    site.put("big2", os.urandom(1 << 20) * 17 + b"tail")
    site.made()
    site.carried()
    return site


SAMPLED = {"sample_ppm": 100_000, "miss_ppm": 50_000, "seed": "8f3c", "seed_from": "checkpoint"}


def test_a_sample_reads_that_many_of_each_stratum_and_claims_it(large) -> None:
    found = large.looked(**SAMPLED).artefacts[0]
    n = needed(100_000, 50_000)
    assert n == 29
    assert found.sample == Sample(
        "8f3c", "checkpoint", 100_000, 50_000, Stratum(38, 29, 0), Stratum(42, 29, 0)
    )
    assert found.sample.claims
    assert found.base.fingerprint == "" and found.oldest_read is None
    assert large.bad(**SAMPLED) == {}


def test_a_seed_that_the_collector_chose_claims_nothing(large) -> None:
    params = {**SAMPLED, "seed_from": "collector"}
    assert large.bad(**params) == {"unchanged": "not_read", "true": "not_read"}
    found = large.looked(**params)
    readings = {r.name: r.state for r in tree.judge(Seen(found, large.now), large.params)}
    assert readings["files:unchanged"] == "unknown"


def test_damage_that_is_drawn_is_bad_whoever_drew_it(large) -> None:
    path = large.copy / "big1"
    with path.open("r+b") as file:
        for block in range(20):
            file.seek((block << 20) + 777)
            file.write(b"\0" * 4096)
    for seed_from in ("collector", "checkpoint"):
        found = large.bad(**{**SAMPLED, "seed_from": seed_from})
        assert found == {"unchanged": "changed", "true": "files_differ"}


def test_without_digests_of_blocks_nothing_is_claimed(large) -> None:
    for path in (large.top / "server" / "manifests").glob("*.blocks"):
        path.unlink()
    found = large.looked(**SAMPLED).artefacts[0]
    assert found.sample.blocks.read == 0
    assert large.bad(**SAMPLED) == {"unchanged": "not_read", "true": "not_read"}


def test_digests_of_blocks_that_were_edited_are_not_believed(large) -> None:
    for path in (large.top / "server" / "manifests").glob("*.blocks"):
        data = bytearray(path.read_bytes())
        data[45] ^= 1
        path.write_bytes(data)
    found = large.looked(**SAMPLED).artefacts[0]
    assert found.sample.blocks.read < 29 and found.sample.blocks.bad == 0
