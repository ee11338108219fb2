"""Checklists of an estate: packaged, replaced, added to; the logged terms say what is asked."""

import pytest

from collector.estate import checklists, services
from collector.estate.catalog import installed
from collector.estate.errors import EstateError
from collector.estate.loading import read_estate

ESTATE = """
estate: room
assets:
  - {id: web-01, kind: server, agent: web-01}
  - {id: room-1, kind: room, name: 主机房}
  - {id: ups-1, kind: ups}
  - {id: lift, kind: lift}
rounds:
  - {id: walk, every: day, window: "09:00-11:00", human: {assets: all}}
"""
OWN = """checklists:
  - {kind: ups, items: [{id: volts, name: 输出电压, name_en: Output voltage, unit: V}, {id: lamps}]}
  - {kind: room, add: true, items: [{id: snakes, name: 无蛇}, {id: water, name: 无水}]}
"""


def loaded(text):
    return read_estate("estate.yaml", lambda _: text.encode(), installed())


def terms(text):
    from collector.availability.calendar_cn import shipped

    made = loaded(text)
    return services.document(made, {"estate": text.encode()}, shipped()).human


def problems(text):
    with pytest.raises(EstateError) as refused:
        loaded(text)
    return [str(one) for one in refused.value.problems]


def test_a_kind_without_a_list_is_named_as_looked_at_by_nobody():
    assert any("lift: no checklist" in note for note in loaded(ESTATE).notes)
    (part,) = terms(ESTATE)
    assert [spot.asset for spot in part.spots] == ["web-01", "room-1", "ups-1"]
    assert part.alone and part.every == "day"


def test_a_list_for_a_kind_that_no_asset_has_draws_a_note():
    odd = OWN + "  - {kind: upss, items: [{id: lamps}]}\n"
    assert any("given for upss: no asset is of this kind" in note for note in loaded(ESTATE + odd).notes)
    assert not any("no asset is of this kind" in note for note in loaded(ESTATE + OWN).notes)


def test_every_packaged_item_has_words_in_both_languages_and_no_list_asks_twice():
    for kind, one in checklists.packaged().items():
        assert len({item.id for item in one.items}) == len(one.items) > 2, kind
        assert all(item.zh != item.id and item.en.isascii() for item in one.items), kind
    rows = {item.id for one in checklists.packaged().values() for item in one.items}
    assert {"cleaning", "lamps", "noise", "labels", "cabling", "water", "fire"} <= rows


def test_an_estate_replaces_a_list_or_adds_to_it():
    lists = {one.kind: one.items for one in terms(ESTATE + OWN)[0].lists}
    assert [(one.id, one.zh, one.en, one.unit) for one in lists["ups"]] == [
        ("volts", "输出电压", "Output voltage", "V"),
        ("lamps", "指示灯正常，无告警灯", "Lamps as they should be; no alarm lamp", ""),
    ]
    ids = [one.id for one in lists["room"]]
    assert ids[-2:] == ["snakes", "water"] and ids.count("water") == 1 and "fire" in ids
    assert lists["room"][-2].en == "无蛇", "without an English name the given one stands"


def test_a_round_asks_for_some_items_on_some_assets():
    some = ESTATE.replace("{assets: all}", "{assets: 'kind:ups', items: [lamps, 'output_*']}")
    (part,) = terms(some)
    assert [spot.asset for spot in part.spots] == ["ups-1"]
    assert [item.id for item in part.lists[0].items] == ["lamps", "output_voltage"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{assets: all}", "{assets: all, items: dragons}", "asks people for nothing"),
        ("{assets: all}", "{assets: lift}", "asks people for nothing"),
        ("{assets: all}", "{items: lamps}", "missing"),
        ("{id: lamps}", "{id: dragons}", "give its name"),
        ("{id: lamps}", "{id: volts, name: x}", "in this list already"),
        ("kind: room, add", "kind: ups, add", "has a checklist already"),
        ("{id: lamps}", "{id: LAMPS, name: x}", "a small letter, then small letters"),
        ("human: {assets: all}", "checks: [host.uptime]", "missing"),
        (", human: {assets: all}", "", "missing"),
    ],
)
def test_mistakes_are_named(old, new, said):
    text = (ESTATE + OWN).replace(old, new)
    found = problems(text)
    assert any(said in one for one in found), found


def test_what_changes_in_a_list_is_in_the_diff():
    from collector.estate import changes

    found = [str(one) for one in changes.between(loaded(ESTATE), loaded(ESTATE + OWN))]
    assert "+ checklist ups" in found and "+ checklist room" in found
    found = [
        str(one)
        for one in changes.between(
            loaded(ESTATE), loaded(ESTATE.replace("{assets: all}", "{assets: room-1}"))
        )
    ]
    assert any("human" in one for one in found)
