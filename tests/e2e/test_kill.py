"""kill -9 of either side at every write point: nothing that was signed is lost or doubled."""

ROUNDS = 23  # each write point, each side at any instant; 200 in tests/fuzz


def test_whatever_dies_whenever_each_signed_result_is_in_the_log_exactly_once(rounds, e2e):
    tally, signed, lines = rounds(ROUNDS, seed=1)
    assert signed > ROUNDS / 4 and lines > ROUNDS
    assert tally.hit >= e2e.EVERY_POINT
