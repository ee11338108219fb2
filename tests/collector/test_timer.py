"""The timer thread of the server's jobs."""

import threading

from collector.jobs.timer import Timer


def test_a_stopped_timer_takes_no_more_turns_and_one_with_last_exactly_one() -> None:
    for last in (False, True):
        turns: list[str] = []
        timer = Timer("never", 3600, lambda turns=turns: turns.append("turn"), last=last)
        timer.start()
        timer.stop()
        timer.stop()
        assert turns == ["turn"] * last


def test_one_that_never_began_can_be_stopped() -> None:
    Timer("unused", 1, list).stop()


def test_turns_follow_each_other_in_a_thread_of_that_name() -> None:
    seen, enough = [], threading.Event()

    def turn() -> None:
        seen.append(threading.current_thread().name)
        if len(seen) == 3:
            enough.set()

    timer = Timer("turns", 0.001, turn)
    timer.start()
    assert enough.wait(60)
    timer.stop()
    assert set(seen) == {"turns"}
