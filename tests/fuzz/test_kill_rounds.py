"""200 seeded rounds of kill -9 (`--kill-rounds N`), in sites of 25 rounds each."""

EACH = 25


def pytest_generate_tests(metafunc):
    count = metafunc.config.getoption("--kill-rounds")
    parts = [(seed, min(EACH, count - seed * EACH)) for seed in range(-(-count // EACH))]
    metafunc.parametrize(("seed", "count"), parts)


def test_many_rounds_lose_nothing_and_double_nothing(rounds, seed, count, capsys):
    tally, signed, lines = rounds(count, 1000 + seed)
    with capsys.disabled():
        points = f"{tally.at_points} at a write point ({len(tally.hit)} different ones)"
        print(f"\nseed {seed}: {tally.rounds} rounds, {points}, {signed} batches, {lines} results")
