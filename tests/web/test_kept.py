"""The store of figures alone: one makes it for all, and none of before a word is shown after it."""

import threading

import pytest

from collector.web.kept import Failed, Held, Kept, Waited


def test_of_several_who_ask_at_once_one_makes_it():
    kept, entered, go = Kept(), threading.Event(), threading.Event()
    made = []

    def make() -> int:
        entered.set()
        assert go.wait(60)
        made.append(1)
        return len(made)

    got: list[int] = []
    threads = [
        threading.Thread(target=lambda: got.append(kept.of(("a",), make, lambda: ((1, 1, 1), 5), 100)))
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    assert entered.wait(60)
    go.set()
    for one in threads:
        one.join()
    assert got == [1, 1, 1, 1]


def test_a_figure_that_was_begun_before_a_word_is_not_shown_after_it():
    kept = Kept()
    kept.renewing = lambda name: None
    mark = [(1, 1, 1)]

    def make() -> str:
        mark[0] = (2, 1, 1)  # somebody speaks while it is made
        return "before"

    assert kept.of(("a",), make, lambda: (mark[0], 0), 100, behind=True) == "before"
    assert kept.of(("a",), lambda: "after", lambda: (mark[0], 0), 100, behind=True) == "after"


def test_what_cannot_be_made_again_is_held_no_more():
    kept = Kept()
    assert kept.of(("a",), lambda: 1, lambda: ((1, 1, 1), 0), 100) == 1

    def make() -> int:
        raise ValueError("gone")

    with pytest.raises(ValueError, match="gone"):
        kept.renew(("a",), make, lambda: ((1, 1, 1), 0))
    assert kept.get(("a",)) is None


def test_what_could_not_be_made_is_told_till_something_is_said():
    kept, mark, asked = Kept(), [(1, 1, 1)], []
    kept.renewing = asked.append
    wanted = Waited(("a",), lambda: "made", 100)
    assert kept.ready(wanted, lambda: (mark[0], 0)) is None and asked == [("a",)]
    assert kept.waited() is wanted and kept.waited() is None
    kept.fail(("a",), Failed(mark[0], 0, ValueError("gone")))
    assert isinstance(kept.ready(wanted, lambda: (mark[0], 1)), Failed) and not kept.is_waited()
    mark[0] = (2, 1, 1)
    assert kept.ready(wanted, lambda: (mark[0], 1)) is None and kept.is_waited()
    assert kept.of(("a",), wanted.make, lambda: (mark[0], 1), 100) == "made"
    assert kept.ready(wanted, lambda: (mark[0], 2)) == Held((2, 1, 1), 1, "made")


def test_without_a_thread_nobody_is_told_to_wait():
    kept = Kept()
    found = kept.ready(Waited(("a",), lambda: "made", 100), lambda: ((1, 1, 1), 5))
    assert found == Held((1, 1, 1), 5, "made") and not kept.is_waited()
