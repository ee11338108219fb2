"""Chance that spreads looks and retries stays inside its limits and reaches both ends of them."""

from agent import chance


def test_a_number_below_a_count_is_a_whole_one_and_each_of_them_comes() -> None:
    found = {chance.below(5) for _ in range(2000)}
    assert found == {0, 1, 2, 3, 4}
    assert chance.below(1) == 0


def test_a_number_between_two_is_spread_over_all_that_lies_between_them() -> None:
    found = [chance.between(0.7, 0.9) for _ in range(2000)]
    assert 0.7 <= min(found) < 0.72 and 0.88 < max(found) <= 0.9
