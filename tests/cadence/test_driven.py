"""Obligations driven from signed results and statements, through the real intake, to their ledger lines.

Four collectors under each contract (driving.py): one where all goes well, one where nothing does, one that is
up all the time, one that nobody fed. It is the test that docs/packs/obligations.md names.
"""

import pytest

from collector.inspection.cadence_terms import Tag

PACKS = ("luohe-2026", "pingdingshan-2025", "huaian-2025")
STEADY = {"LH-34", "LH-41", "LH-44", "PD-28"}  # kept by a whole period in which all was well
# What the estate itself says before anything is looked at: intervals of service, owners.
# A fine by indicators that superiors set and the buyer states; the ledger tells what was missed.
OF_THE_BUYER = {"online_rate_missed"}
OF_THE_ESTATE = {"LH-23", "PD-49"}


@pytest.fixture(scope="module")
def worlds(luohe, driving, tmp_path_factory):
    """A function: the collector of a kind under a pack, made once."""
    made, open_ = {}, []

    def world(kind, pack):
        if (kind, pack) not in made:
            place = tmp_path_factory.mktemp(kind.lower()) / "collector"
            begin = driving.at(driving.datetime.fromisoformat(driving.FIRST[pack]).date(), "00:00")
            opened = luohe.opened(place, begin)
            open_.append(opened)
            driven = getattr(driving, kind)(opened.__enter__(), pack, luohe.worlds.Sight)
            made[kind, pack] = driven.live()
        return made[kind, pack]

    yield world
    for opened in open_:
        opened.__exit__(None, None, None)


def wanted(lines):
    return {name: line for name, line in lines.items() if line.obligation.tag is not Tag.MANUAL}


def kept(line):
    return any(row.state == "done" and (row.entries or row.turn.needed == 0) for row in line.rows)


@pytest.mark.parametrize("pack", PACKS)
def test_what_was_done_is_kept_by_entries_of_the_log(worlds, pack):
    """AUTO and SEMI: some row of each is done, by entries of the log."""
    good = wanted(worlds("Careful", pack).term())
    steady = worlds("Steady", pack).ended if pack != "huaian-2025" else {}
    bare = [name for name, line in good.items() if name not in STEADY and not kept(line)]
    bare += [name for name in STEADY & good.keys() if steady[name].standing.value != "kept"]
    assert bare == []


@pytest.mark.parametrize("pack", PACKS)
def test_what_was_neglected_is_broken_by_entries_of_the_log(worlds, pack):
    """AUTO and SEMI: some row of each is missed or late."""
    bad = wanted(worlds("Neglected", pack).term())
    assert [name for name, line in bad.items() if line.standing.value != "broken"] == []


@pytest.mark.parametrize("pack", PACKS)
def test_what_nobody_saw_is_not_proven_and_never_kept(worlds, pack):
    """All of them: no row is done, and missed is only what was due on the one day when somebody was there."""
    silent = worlds("Silent", pack)
    for name, line in silent.term().items():
        states = {row.state.value for row in line.rows}
        if name not in OF_THE_ESTATE:
            assert states <= {"missed", "not_proven", "open"}, name
        was_there = [row for row in line.rows if row.state.value == "missed"]
        assert all(row.turn.from_ms <= silent.world.at < row.turn.due_ms for row in was_there), name


@pytest.mark.parametrize("pack", PACKS)
def test_what_has_a_price_moves_its_line_of_the_scorecard(worlds, driving, pack):
    """Where all went well the line is never worth less, and somewhere it is worth more."""
    cards = {
        kind: worlds(kind, pack).lines(driving.PERIOD[pack]) for kind in ("Careful", "Neglected", "Silent")
    }
    later = worlds("Neglected", pack).lines("2026-08") if pack == "luohe-2026" else {}
    for one in driving.packaged(pack).pack.obligations.obligations:
        if one.line and one.tag is not Tag.MANUAL and one.line not in OF_THE_BUYER:
            good = cards["Careful"][one.line]
            others = [cards[kind][one.line] for kind in ("Neglected", "Silent")]
            others += [later[one.line]] if one.line == "lapse" else []
            assert all(bad.low <= good.high for bad in others), one.id
            assert any((bad.low, bad.high) < (good.low, good.high) for bad in others), one.id


def test_what_nobody_looked_at_costs_no_less_the_longer_it_was(worlds, driving):
    """A quarter's weeks and a year's months of which nothing is known: not one of them is taken as done."""
    for pack, name in (("pingdingshan-2025", "inspection"), ("huaian-2025", "inspection")):
        line = worlds("Silent", pack).lines(driving.PERIOD[pack])[name]
        assert (line.points, line.low) == (None, 0)


def test_manual_ones_have_a_form_and_who_files_it_and_show_what_was_filed(worlds):
    for pack in PACKS:
        good = worlds("Careful", pack).term()
        lines = [line for line in good.values() if line.obligation.tag is Tag.MANUAL]
        assert [one.obligation.id for one in lines if not (one.obligation.form and one.obligation.who)] == []
        filed = {item.kind: item for line in lines for item in line.filed}
        assert filed and all(item.by and item.received_ms for item in filed.values())
        assert all(len(item.digest) == 64 for kind, item in filed.items() if kind == "document_filed")


@pytest.mark.parametrize(("pack", "name"), [("luohe-2026", "LH-35"), ("huaian-2025", "HA-15")])
def test_what_was_announced_at_once_is_kept_by_the_messages_entry(worlds, pack, name):
    """In time it is kept, too late it is broken, and where nobody was told nothing is claimed."""

    def states(kind):
        world = worlds(kind, pack)
        entries = {one.entry for one in world.messages()}
        rows = [row for row in world.term()[name].rows if row.what[0].startswith("fault_announced")]
        return {(row.state.value, bool(entries & set(row.entries))) for row in rows}

    assert ("done", True) in states("Careful")
    assert ("late", True) in states("Neglected")
    assert ("missed", False) not in states("Neglected")
    assert states("Silent") == set()


def test_what_was_wrong_with_a_backup_was_told_and_says_so_in_the_ledger(worlds):
    world = worlds("Neglected", "huaian-2025")
    entries = {one.entry for one in world.messages() if any(item.kind == "backup" for item in one.items)}
    rows = [row for row in world.term()["HA-09"].rows if "backup_announced" in row.what]
    assert entries and {"done", "late", "not_proven"} >= {row.state.value for row in rows}
    assert any(row.state.value in ("done", "late") and entries & set(row.entries) for row in rows)
