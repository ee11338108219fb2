"""Checklists of what only a person can look at: packaged ones by kind of asset, and the estate's own.

The packaged lists follow the inspection catalogue (cleaning, cabling, noise, lamps, and what the kind needs).
Whatever was in force is written out in the logged terms, so a later list never changes an older round.
"""

from collector.estate.looks import Note, matches, names
from collector.estate.model import Asset, Estate, Round
from collector.inspection.human import Checklist, HumanItem

_WORDS: dict[str, tuple[str, str]] = {
    "cleaning": ("设备清洁，通风口无积尘", "Clean; air inlets free of dust"),
    "lamps": ("指示灯正常，无告警灯", "Lamps as they should be; no alarm lamp"),
    "noise": ("无异响、异味、异常发热", "No odd noise, smell or heat"),
    "labels": ("标签齐全、清晰、与台账一致", "Labels present, legible, as in the ledger"),
    "cabling": ("线缆整齐，接头牢固，无破损", "Cables tidy, plugs firm, nothing damaged"),
    "mounting": ("安装牢固，机柜门可正常关闭", "Firmly mounted; the rack's doors close"),
    "power_leads": ("双路电源线均已接好", "Both power leads plugged in"),
    "water": ("无水渍、漏水、结露", "No water marks, leaks or condensation"),
    "fire": ("灭火器在位，压力在绿区，未过期", "Extinguishers in place, pressure in the green, not expired"),
    "exits": ("通道畅通，无杂物、易燃物", "Ways clear; no rubbish, nothing that burns"),
    "door": ("门、锁、门禁完好", "Doors, locks and access control whole"),
    "lighting": ("照明、应急照明正常", "Lights and emergency lights work"),
    "pests": ("无鼠虫痕迹，封堵完好", "No trace of pests; openings sealed"),
    "temperature": ("温度计读数", "Reading of the thermometer"),
    "humidity": ("湿度计读数", "Reading of the hygrometer"),
    "log_book": ("出入登记完整", "Visitors' book kept"),
    "batteries": ("电池无鼓包、漏液，端子无锈蚀", "Batteries not swollen or leaking; terminals clean"),
    "output_voltage": ("面板输出电压", "Output voltage on the panel"),
    "load": ("面板负载率", "Load on the panel"),
    "filter": ("滤网清洁", "Filter clean"),
    "drain": ("排水畅通，接水盘无积水", "Drain clear; no water in the tray"),
    "setting": ("面板设定温度", "Temperature set on the panel"),
    "picture": ("画面清晰，无遮挡、偏移", "Picture clear, not covered, not moved"),
    "time": ("显示时间正确", "The time it shows is right"),
    "screen": ("屏幕无坏点、黑屏、花屏", "Screen without dead, black or garbled parts"),
    "paper": ("纸张、耗材充足", "Paper and supplies sufficient"),
    "seal": ("封签、防拆标识完好", "Seals whole"),
}
_UNITS = {"temperature": "℃", "setting": "℃", "humidity": "%", "output_voltage": "V", "load": "%"}
_DEVICE = ("cleaning", "lamps", "noise", "labels", "cabling")
_RACKED = (*_DEVICE, "mounting", "power_leads")
_LISTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("server", "host", "storage", "backup"), _RACKED),
    **dict.fromkeys(
        ("switch", "router", "firewall", "load_balancer", "bastion", "security", "network"), _RACKED
    ),
    "ups": (*_DEVICE, "batteries", "output_voltage", "load"),
    "air_conditioner": (*_DEVICE, "filter", "drain", "water", "setting"),
    "room": (
        "cleaning",
        "water",
        "fire",
        "exits",
        "door",
        "lighting",
        "pests",
        "temperature",
        "humidity",
        "log_book",
    ),
    "rack": ("cleaning", "labels", "cabling", "door", "mounting"),
    "camera": ("cleaning", "mounting", "picture", "time", "cabling"),
    "recorder": (*_DEVICE, "picture", "time"),
    "door": ("cleaning", "lamps", "labels", "door", "time"),
    "led": ("cleaning", "lamps", "noise", "cabling", "screen"),
    "printer": ("cleaning", "lamps", "noise", "paper"),
    "terminal": ("cleaning", "lamps", "noise", "labels", "cabling", "seal"),
}


def packaged() -> dict[str, Checklist]:
    """The lists that come with the program, by kind."""
    return {kind: Checklist(kind, tuple(map(_item, ids))) for kind, ids in _LISTS.items()}


def _item(name: str) -> HumanItem:
    return HumanItem(name, *_WORDS.get(name, (name, name)), _UNITS.get(name, ""))


def words(item: str) -> tuple[str, str] | None:
    """What a packaged item asks, in Chinese and English."""
    return _WORDS.get(item)


def in_force(estate: Estate) -> dict[str, Checklist]:
    """The lists of an estate by kind: packaged ones, those of its own in their place or (`add`) behind."""
    made = packaged()
    for own in estate.checklists:
        items = tuple(
            HumanItem(one.id, one.name, one.name_en or one.name, one.unit) if one.name else _item(one.id)
            for one in own.items
        )
        held = made.get(own.kind)
        if own.add and held is not None:
            given = {one.id for one in items}
            items = (*(one for one in held.items if one.id not in given), *items)
        made[own.kind] = Checklist(own.kind, items)
    return made


def check(estate: Estate, note: Note) -> None:
    """Note kinds given twice, items given twice or without a text, and rounds that ask people for nothing."""
    kinds: set[str] = set()
    for i, own in enumerate(estate.checklists):
        if own.kind in kinds:
            note(("checklists", i, "kind"), f"{own.kind} has a checklist already")
        kinds.add(own.kind)
        ids: set[str] = set()
        for k, one in enumerate(own.items):
            if one.id in ids:
                note(("checklists", i, "items", k), f"{one.id} is in this list already")
            if not one.name and one.id not in _WORDS:
                note(("checklists", i, "items", k), f"{one.id} is none of the packaged items: give its name")
            ids.add(one.id)
    _rounds(estate, note)


def _rounds(estate: Estate, note: Note) -> None:
    for i, round_ in enumerate(estate.rounds):
        if round_.human is not None and not spots_of(estate, round_):
            note(("rounds", i, "human"), "asks people for nothing: no such asset has such an item")


def lists_of(estate: Estate, round_: Round) -> dict[str, Checklist]:
    """The lists of a round: of each kind only the items that it asks for; kinds without any are left out."""
    wanted = round_.human.items if round_.human else ()
    made = {}
    for kind, whole in in_force(estate).items():
        items = tuple(one for one in whole.items if any(matches(pattern, one.id) for pattern in wanted))
        if items:
            made[kind] = Checklist(kind, items)
    return made


def spots_of(estate: Estate, round_: Round) -> list[Asset]:
    """Assets of a round that have something for people to look at."""
    lists = lists_of(estate, round_)
    wanted = round_.human.assets if round_.human else ()
    return [
        asset
        for asset in estate.assets
        if asset.kind in lists and any(names(estate, pattern, asset) for pattern in wanted)
    ]


def unused(estate: Estate) -> list[str]:
    """Kinds that have a list of the estate's own, and no asset."""
    kinds = {asset.kind for asset in estate.assets}
    return sorted({own.kind for own in estate.checklists} - kinds)


def unlisted(estate: Estate) -> list[str]:
    """Kinds of assets that a round sends people to and that have no list: nobody will look at them."""
    lists = in_force(estate)
    asked = [one.human.assets for one in estate.rounds if one.human]
    return sorted(
        {
            asset.kind
            for asset in estate.assets
            for patterns in asked
            if asset.kind not in lists and any(names(estate, p, asset) for p in patterns)
        }
    )
