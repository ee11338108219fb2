"""Every byte of a small bundle, flipped: 0 silent acceptances."""

import random


def test_each_byte_of_a_bundle_is_guarded(small_bundle, capsys):
    size = len(small_bundle.data)
    assert small_bundle.bench.flipped(range(size), random.Random(9)) == []
    with capsys.disabled():
        print(f"\n{size} bytes flipped one by one: 0 accepted")
