"""Runs as of many sizes of the log: what is gone on from gives what folding everything gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.availability.runs import Observation, extend
from collector.verify.batches import NO_HOLD, OUTCOMES, Track
from collector.verify.folding import runs_of

HOUR = 3_600_000
LOOKS = st.lists(
    st.tuples(
        st.integers(0, 60),  # ten minutes each; in any order, twice too
        st.integers(0, len(OUTCOMES) - 1),
        st.sampled_from([NO_HOLD, 15 * 60_000, 2 * HOUR]),
    ),
    max_size=40,
)


def track_of(looks):
    """Two looks to an entry, in the order in which they came."""
    track = Track(None)
    for number, (slot, code, hold) in enumerate(looks):
        track.seen.extend((slot * 600_000, code, number // 2, hold))
    return track


def folded(looks, size):
    """All of it, from nothing."""
    kept, hold = {}, 150_000
    for number, (slot, code, own) in enumerate(looks[: 2 * size]):
        hold = own if own != NO_HOLD else hold
        kept[slot * 600_000] = Observation(slot * 600_000, OUTCOMES[code], number // 2), hold
    runs, last = [], None
    for t_ms in sorted(kept):
        seen, joined = kept[t_ms]
        step = extend(last, seen, joined, lambda at: (at + 8 * HOUR) // (24 * HOUR))
        runs += [step.closed] if step.closed is not None else []
        last = step.open
    return tuple(runs) if last is None else (*runs, last)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(LOOKS, st.lists(st.integers(0, 22), min_size=1, max_size=8))
def test_any_sizes_in_any_order_give_what_each_gives_alone(looks, sizes):
    track = track_of(looks)
    for size in sizes:
        assert runs_of(track, size) == folded(looks, size)
    assert len(track.folds) <= 3
