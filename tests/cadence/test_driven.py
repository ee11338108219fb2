"""Obligations driven from signed results and statements, through the real intake, to their ledger lines.

Four collectors under each contract (drivers.py): one where all goes well, one where nothing does, one that is
up all the time, one that nobody fed. It is the test that docs/packs/obligations.md names.
"""

import pytest

from collector.inspection.cadence_terms import Absent, Every, Tag

PACKS = ("luohe-2026", "pingdingshan-2025", "huaian-2025")
STEADY = {"LH-34", "LH-41", "LH-44", "PD-28"}  # kept by a whole period in which all was well
# Cadences (by number) that no neglect of these worlds breaks, and why; all others are broken there.
UNBROKEN = {
    ("LH-14", 1): "due a month after the year",
    ("LH-15", 1): "a policy of backups around changes",  # test_driven_backups.py
    ("LH-23", 0): "what the estate says",
    ("LH-40", 1): "the buyer's deduction",
    ("PD-09", 2): "what the estate says",
    ("PD-26", 0): "the record is the machine's own",
    ("PD-29", 0): "the record is the machine's own",
    ("PD-41", 0): "the record is the machine's own",
    ("HA-05", 1): "what no policy of backups names",  # test_driven_backups.py
}
# A fine by indicators that superiors set and the buyer states; the ledger tells what was missed.
OF_THE_BUYER = {"online_rate_missed"}
# Manual ones of which the careful world has nothing to file: no month below 80 points, and what only somebody
# else could say was broken (promises, copies of data).
NOTHING_TO_FILE = {"LH-43", "PD-10", "HA-31"}
# Rhythms of manual ones that nothing filed keeps there, and why.
NOT_KEPT = {
    ("LH-43", 0): "no month was below 80 points",
    ("PD-03", 0): "nothing feeds a late change of staff yet",
    ("PD-10", 0): "only somebody else could say that it was broken",
    ("HA-31", 0): "only somebody else could say that it was broken",
}
# What the estate itself says before anything is looked at: intervals of service, owners.
OF_THE_ESTATE = {"LH-23", "PD-49"}


@pytest.fixture(scope="module")
def worlds(luohe, driving, drivers, tmp_path_factory):
    """A function: the collector of a kind under a pack, made once."""
    made, open_ = {}, []

    def world(kind, pack):
        if (kind, pack) not in made:
            place = tmp_path_factory.mktemp(kind.lower()) / "collector"
            begin = driving.at(driving.datetime.fromisoformat(driving.FIRST[pack]).date(), "00:00")
            opened = luohe.opened(place, begin)
            open_.append(opened)
            driven = getattr(drivers, kind)(opened.__enter__(), pack, luohe.worlds.Sight)
            made[kind, pack] = driven.live()
        return made[kind, pack]

    yield world
    for opened in open_:
        opened.__exit__(None, None, None)


def wanted(lines):
    return {name: line for name, line in lines.items() if line.obligation.tag is not Tag.MANUAL}


def states(line):
    """The states of an obligation's rows by the number of the cadence; `kept`: done by entries of the log."""
    found = {number: set() for number in range(len(line.obligation.cadences))}
    for row in line.rows:
        proven = row.state == "done" and (row.entries or not line.obligation.cadences[row.cadence].what)
        found[row.cadence] |= {row.state.value} | ({"kept"} if proven else set())
    return found


@pytest.mark.parametrize("pack", PACKS)
def test_what_was_done_is_kept_by_entries_of_the_log(worlds, pack):
    """AUTO and SEMI: some row of each cadence of each is done, by entries of the log."""
    good = wanted(worlds("Careful", pack).term())
    steady = worlds("Steady", pack).ended if pack != "huaian-2025" else {}
    told = wanted(worlds("Neglected", pack).term())["HA-09"] if pack == "huaian-2025" else None
    bare = []
    for name, line in good.items():
        others = states(steady[name]) if name in steady else {}
        others = others if name != "HA-09" else states(told)  # what was wrong with a backup was told
        for number, found in states(line).items():
            both = found | others.get(number, set())
            if name not in STEADY and not both & {"kept"}:
                bare.append((name, number))
    bare += [name for name in STEADY & good.keys() if steady[name].standing.value != "kept"]
    assert bare == []


@pytest.mark.parametrize("pack", PACKS)
def test_what_was_neglected_is_broken_by_entries_of_the_log(worlds, pack):
    """AUTO and SEMI: some row of each cadence is missed or late; where only people know it is not proven."""
    bad = wanted(worlds("Neglected", pack).term())
    assert [name for name, line in bad.items() if line.standing.value != "broken"] == []
    whole = set()
    for name, line in bad.items():
        for number, found in states(line).items():
            silent = line.obligation.cadences[number].absent is Absent.NOT_PROVEN
            if not found & {"missed", "late"} and not (silent and found == {"not_proven"}):
                whole.add((name, number))
    prefixes = {name.partition("-")[0] for name in bad}
    assert whole == {one for one in UNBROKEN if one[0].partition("-")[0] in prefixes}


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


def test_what_was_seen_on_the_first_days_alone_is_not_proven_for_the_year(worlds):
    """What must always hold, and machines look at: neither a look that is over nor unknown ones keep it."""
    term = worlds("Forgotten", "huaian-2025").term()
    always = [
        (name, row.state.value, row.entries != ())
        for name, line in wanted(term).items()
        for row in line.rows
        if line.obligation.cadences[row.cadence].every is Every.ALWAYS
    ]
    assert len(always) >= 14
    assert {one for one in always if one[1:] != ("not_proven", True)} == set()


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
    nothing_filed, not_kept = set(), set()
    for pack in PACKS:
        good = worlds("Careful", pack).term()
        lines = [line for line in good.values() if line.obligation.tag is Tag.MANUAL]
        assert [one.obligation.id for one in lines if not (one.obligation.form and one.obligation.who)] == []
        nothing_filed |= {one.obligation.id for one in lines if not one.filed}
        rhythms = [(one.obligation.id, n, found) for one in lines for n, found in states(one).items()]
        not_kept |= {(name, number) for name, number, found in rhythms if "kept" not in found}
        filed = {item.kind: item for line in lines for item in line.filed}
        assert filed and all(item.by and item.received_ms for item in filed.values())
        assert all(len(item.digest) == 64 for kind, item in filed.items() if kind == "document_filed")
    assert nothing_filed == NOTHING_TO_FILE
    assert not_kept == set(NOT_KEPT)


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
