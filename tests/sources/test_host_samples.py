"""What is kept between two looks, and what is made of it when it doesn't fit."""

from dataclasses import dataclass

from agent.sources.host_proc import monotonic_ms
from agent.sources.host_samples import OLDEST_MS, Span, recently, since_last_look
from agent.sources.memory import Transient
from checks.codec import JsonValue


@dataclass(frozen=True, slots=True)
class Count:
    n: int


def kept(boot: str, age_ms: int, sample: JsonValue) -> Transient:
    return Transient({"k": {"boot": boot, "at": monotonic_ms() - age_ms, "sample": sample}})


def test_the_first_look_has_nothing_before_it_and_is_kept() -> None:
    memory = Transient()
    assert since_last_look(memory, "k", "b", Count, lambda: Count(7)) == Span(None, Count(7), 0)
    assert since_last_look(memory, "k", "b", Count, lambda: Count(9)).before == Count(7)


def test_a_sample_of_another_boot_is_not_compared_with() -> None:
    memory = kept("yesterday", 5000, {"n": 1})
    assert since_last_look(memory, "k", "today", Count, lambda: Count(2)).before is None


def test_a_sample_from_the_future_is_not_compared_with() -> None:
    memory = kept("b", -5000, {"n": 1})
    assert since_last_look(memory, "k", "b", Count, lambda: Count(2)).before is None


def test_what_an_older_agent_kept_is_forgotten() -> None:
    for raw in (7, "x", [], {"boot": "b"}, {"boot": "b", "at": 1, "sample": {"m": 1}}):
        span = since_last_look(Transient({"k": raw}), "k", "b", Count, lambda: Count(2))
        assert span == Span(None, Count(2), 0), raw


def test_without_a_recent_sample_two_are_taken_a_short_time_apart() -> None:
    for memory in (Transient(), kept("b", OLDEST_MS + 1000, {"n": 1}), kept("b", 0, {"n": 1})):
        counts = iter((10, 30))
        slept: list[float] = []
        before, after, elapsed = recently(
            memory, "k", "b", Count, lambda counts=counts: Count(next(counts)), slept.append
        )
        assert (before, after, slept) == (Count(10), Count(30), [0.2])
        assert elapsed >= 1


def test_a_recent_sample_is_compared_with_at_once() -> None:
    slept: list[float] = []
    before, after, elapsed = recently(
        kept("b", 60_000, {"n": 1}), "k", "b", Count, lambda: Count(5), slept.append
    )
    assert (before, after, slept) == (Count(1), Count(5), [])
    assert 60_000 <= elapsed < 600_000
