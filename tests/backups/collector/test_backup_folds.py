"""What looks tell together is kept beside them: the same as reading all of them, however they came."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from checks.artefacts.artefact import Artefact, Listed, Made
from checks.codec import to_json
from collector.backups import lines
from collector.jobs import backup_folds, backup_rows
from collector.store import backups
from collector.store.backups import LookRow
from collector.store.engine import Database, create_tables

HOUR = 3_600_000
SERIES = (
    ("backup.tree", "o/1@disk", "a1"),
    ("backup.tree", "o/1@disk", "a2"),
    ("backup.file", "o/1@disk#2", "a1"),
    ("backup.tree", "o/1@copy", "a3"),
    ("backup.redis_source", "o/1@disk", "a1"),
    ("backup.tree", "o/2@disk", "a1"),
    ("backup.drill", "o/2@disk", "a1"),
)
TABLES = (backups.look_table, backups.target_table, backups.fold_table, backups.part_table)


def seen(rnd: random.Random, check: str, t: int, names: list[str]) -> str:
    """A line's facts: what stands, some of it read, good or bad."""
    if check == "backup.redis_source":
        return json.dumps({"facts": {"bytes": t // HOUR}, "readings": [], "state": "ok"})
    stands = [to_json(Listed(name, 10, int(name[1:]) * HOUR)) for name in names]
    read = rnd.sample(names, min(2, len(names)))
    artefacts = [{"base": to_json(artefact(rnd, name))} for name in read]
    word = rnd.choice(("ok", "ok", "crit", "unknown"))
    readings = [[f"{n}:unchanged", None, "none", word, "changed" if word == "crit" else ""] for n in read]
    if check == "backup.drill":
        artefacts = [{**one, "decided": t, "took": 5} for one in artefacts[:1]]
    facts = {"artefacts": artefacts, "stands": {"count": len(stands), "listed": stands, "unfinished": []}}
    return json.dumps({"facts": facts, "readings": readings, "state": word})


def artefact(rnd: random.Random, name: str) -> Artefact:
    """One that was read: full or of no known kind, one of two contents, with or without its own time."""
    at, kind = int(name[1:]) * HOUR, rnd.choice(("full", ""))
    return Artefact(name, kind, 10, 1, at, rnd.choice("ab"), made=Made(rnd.choice((None, at))))


def looks(seed: int, n: int, late: float) -> list[LookRow]:
    """Looks as the deriver makes rows of them: errors, repetitions, and some that came late."""
    rnd = random.Random(seed)
    names, made, last, at = ["f1"], list[LookRow](), dict[Any, str](), 10 * HOUR
    for idx in range(1, n):
        at += HOUR
        names = [*names, f"f{idx}"][-rnd.randint(3, 9) :]
        for line in range(rnd.randint(1, 3)):
            series = rnd.choice(SERIES)
            t = at - (rnd.randint(1, 30) * HOUR if rnd.random() < late else 0)
            error = "timeout" if rnd.random() < 0.1 else None
            text = "" if error else seen(rnd, series[0], t, names)
            if not error and series in last and rnd.random() < 0.4:
                text = backups.SAME
            elif not error:
                last[series] = text
            made.append(LookRow(idx, line, *series, t, at, rnd.choice((0, 2_000_000)), error, text or "{}"))
    return made


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    database = Database(f"sqlite:///{tmp_path}/looks.db")
    with database.write() as conn:
        create_tables(conn)
        yield conn
    database.close()


def keep(conn: Connection, found: list[LookRow], cuts: list[int]) -> None:
    """Flushes of whole batches, so many each."""
    batches = sorted({row.idx for row in found})
    while batches:
        some, batches = set(batches[: cuts[0]]), batches[cuts[0] :]
        cuts = [*cuts[1:], cuts[0]]
        mine = [row for row in found if row.idx in some]
        backup_folds.save(conn, backup_folds.kept_of(conn, mine))


def tables(conn: Connection) -> list[list[tuple[Any, ...]]]:
    return [[tuple(row) for row in conn.execute(select(t).order_by(*t.primary_key.columns))] for t in TABLES]


@pytest.mark.parametrize("late", [0.0, 0.02, 0.3])
def test_what_is_kept_says_what_all_looks_say_however_they_were_flushed(
    conn: Connection, tmp_path: Path, late: float
) -> None:
    found = looks(int(late * 100), 110, late)
    keep(conn, found, [1, 3, 40, 2])
    records = backup_rows.rows(conn, None).places["o/1"]["disk"].records
    assert any(one.turns for one in records) and any(one.gone_ms for one in records)
    assert len(tables(conn)[2]) == 2 and (late > 0 or len(tables(conn)[3]) > 6)
    other = Database(f"sqlite:///{tmp_path}/other.db")
    with other.write() as beside:
        create_tables(beside)
        keep(beside, found, [1000])
        assert tables(beside) == tables(conn)
    other.close()
    instants = sorted({row.received for row in found})
    for as_of in (None, *instants[::14], instants[-1]):
        told = backup_rows.rows(conn, as_of)
        held = [row for row in found if as_of is None or row.received <= as_of]
        for name in ("o/1", "o/2"):
            mine = [row for row in held if row.target.startswith(f"{name}@")]
            whole = lines.read(backup_rows.lines_of(mine))
            assert told.places.get(name, {}) == whole.places.get(name, {})
            for kind in ("fingerprints", "drills"):
                assert [o for o in getattr(told, kind) if o.object == name] == list(getattr(whole, kind))
            assert {key: at for key, at in told.entries.items() if key[0] == name} == dict(whole.entries)
            assert told.newest.get(name) == whole.newest.get(name)
            assert dict(whole.phases).items() <= dict(told.phases).items()


def test_only_the_last_few_looks_are_read_again(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(conn, looks(7, 150, 0.0), [5])
    read: list[LookRow] = []
    whole = backup_rows.result_of
    monkeypatch.setattr(backup_rows, "result_of", lambda row: read.append(row) or whole(row))
    backup_rows.rows(conn, 200 * HOUR)
    assert len(read) < 40


@pytest.mark.parametrize("late", [0.0, 0.05, 0.3])
def test_who_reads_after_every_flush_is_told_what_all_looks_say(conn: Connection, late: float) -> None:
    """What was read before is kept in memory; a look that came late has it made anew."""
    found, rnd, told = looks(int(late * 100) + 11, 110, late), random.Random(5), list[LookRow]()
    batches = sorted({row.idx for row in found})
    while batches:
        cut = rnd.choice((1, 2, 5))
        some, batches = set(batches[:cut]), batches[cut:]
        mine = [row for row in found if row.idx in some]
        backup_folds.save(conn, backup_folds.kept_of(conn, mine))
        told += mine
        read = backup_rows.rows(conn, None)
        for name in ("o/1", "o/2"):
            own = [row for row in told if row.target.startswith(f"{name}@")]
            whole = lines.read(backup_rows.lines_of(own))
            assert read.places.get(name, {}) == whole.places.get(name, {})
            assert {key: at for key, at in read.entries.items() if key[0] == name} == dict(whole.entries)
            assert read.newest.get(name) == whole.newest.get(name)
        assert len(read.entries) == len(list(read.entries)) and ("o/1", "no such file") not in read.entries
        assert ("o/3", "") not in read.entries


def test_a_new_look_has_no_part_of_an_object_read_twice(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []
    whole = backup_rows.decode
    monkeypatch.setattr(backup_rows, "decode", lambda text: taken.append(text) or whole(text))
    found = looks(13, 150, 0.0)
    for idx in sorted({row.idx for row in found}):
        backup_folds.save(conn, backup_folds.kept_of(conn, [row for row in found if row.idx == idx]))
        backup_rows.rows(conn, None)
    parts = [text for name in ("o/1", "o/2") for text in backups.parts(conn, name)]
    assert len(parts) > 8 and sorted(text for text in taken if text in set(parts)) == sorted(parts)
