"""A place that hangs: its look ends as `timeout`, the looks at other places go on."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from agent import stalls
from agent.clock import Clock
from agent.memory import Recent
from agent.outbox import Outbox
from agent.runner import MOST_SLOW, WORKERS, Eyes, Pool
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.timetable import Due
from checks.api import ErrorKind, ObservationError
from checks.result import Item, Result, When

Share = Callable[[Path], AbstractContextManager[None]]


@pytest.fixture
def eyes(tmp_path: Path) -> Iterator[Eyes]:
    made = Eyes("agent", Means(state=tmp_path), Clock())
    yield made
    made.close()


def item(path: Path, **params: object) -> Item:
    given = {"path": f"{path}/*.dmp", "timeout_ms": 500, "budget_s": 120, **params}
    return Item("backup.file", 1, path.name, None, given)


def look(eyes: Eyes, what: Item) -> Result:
    return eyes.look(what, When(0), Transient(), 100_000)


def test_a_dead_share_is_a_timeout_and_others_are_looked_at(
    eyes: Eyes, tmp_path: Path, dead_share: Share
) -> None:
    dead, good = tmp_path / "dead", tmp_path / "good"
    dead.mkdir()
    good.mkdir()
    (good / "a.dmp").write_bytes(b"rows")
    with dead_share(dead):
        began = time.monotonic()
        assert look(eyes, item(dead)).error is ErrorKind.TIMEOUT
        assert time.monotonic() - began < 60  # not the look's budget
        assert look(eyes, item(good)).error is None
        pid = eyes._slow.pid
        assert look(eyes, item(dead)).error is ErrorKind.TIMEOUT  # not begun again while it hangs
        assert look(eyes, item(good)).facts["stands"]["count"] == 1
        assert eyes._slow.pid == pid
    (dead / "b.dmp").write_bytes(b"rows")
    for _ in range(100):
        again = look(eyes, item(dead))  # the share is back
        if again.error is None:
            break
        time.sleep(0.1)
    assert again.facts["stands"]["count"] == 1


def test_what_hangs_is_not_begun_again_and_what_is_raised_comes_through() -> None:
    class Hangs:
        stalled = True

        def stall(self) -> ObservationError:
            return ObservationError(ErrorKind.TIMEOUT, "too long")

    begun, let_go = [], threading.Event()

    def hang() -> None:
        begun.append(1)
        let_go.wait(300)

    for _ in range(3):
        with pytest.raises(ObservationError):
            stalls.watched(Hangs(), "key", hang)
    assert begun == [1]
    let_go.set()
    assert stalls.watched(Hangs(), "other", lambda: 7) == 7

    def late() -> None:
        raise TimeoutError("budget")

    with pytest.raises(ObservationError) as caught:
        stalls.watched(Hangs(), "late", late)
    assert caught.value.kind is ErrorKind.TIMEOUT
    with pytest.raises(ZeroDivisionError):
        stalls.watched(Hangs(), "third", lambda: 1 // 0)


def test_slow_looks_wait_for_each_other_and_nobody_else_for_them(tmp_path: Path) -> None:
    class Slow(Eyes):
        """Looks that last until they are let go; those at backups say they are slow."""

        def look(self, what: Item, when: When, memory: object, deadline_ms: int = 0) -> Result:
            running.append(what.target)
            while what.check == "backup.file" and what.target not in free:
                time.sleep(0.01)
            return self.error(what, when, ErrorKind.UNSUPPORTED, 0)

    running: list[str] = []
    free: set[str] = set()
    clock = Clock()
    with closing(Outbox(tmp_path / "outbox.db")) as outbox:
        pool = Pool(Slow("agent", Means(), clock), Recent(outbox), clock)
        slow = [Due(f"s{i}", item(Path(f"/s{i}")), 0, 0, 3_600_000, False) for i in range(6)]
        quick = [Due(f"q{i}", Item("net.tcp", 1, f"q{i}", None, {}), 0, 0, 5000, False) for i in range(12)]
        for due in (*slow, *quick):
            pool.submit(due)
        ended: list[str] = []

        def until(count: int) -> None:
            while len(ended) < count:
                pool.sweep()
                ended.extend(done.due.key for done in pool.ended())
                time.sleep(0.01)

        until(len(quick))
        assert set(ended) == {due.key for due in quick}
        assert sum(name.startswith("s") for name in running) == MOST_SLOW < WORKERS
        free.update(f"s{i}" for i in range(6))
        until(len(quick) + len(slow))
