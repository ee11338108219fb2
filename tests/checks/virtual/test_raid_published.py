"""`virtual.raid` on what others published of real controllers (NOTICE), and on drives of host bus adapters.

storcli: an Intel RS3DC080 by `/c0 show J`, which says nothing of the controller's own status
(`/call show all J` does). It is abridged: twelve of the twenty-four drives of its enclosure are
left out, the volume is called `dummy`. MegaCli: one volume; the empty list of drives beside it is
ours. The expected states were read from the files by eye.
"""

import json
from pathlib import Path

import pytest

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks import registry
from checks.api import Seen
from checks.codec import from_json

PUBLISHED = Path(__file__).parent / "raid"


@pytest.fixture
def answers(tmp_path, monkeypatch):
    """Put a program on PATH that prints a text for a word of its command line, and look with virtual.raid."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def look(program: str, said: dict[str, str], **params: object) -> dict[str, tuple[str, str]]:
        lines = ["#!/bin/sh", 'case "$*" in']
        for i, (word, text) in enumerate(said.items()):
            (tmp_path / str(i)).write_text(text)
            lines.append(f'  *"{word}"*) cat {tmp_path}/{i};;')
        (folder / program).write_text("\n".join([*lines, "esac", ""]))
        (folder / program).chmod(0o755)
        check = registry.get("virtual.raid")
        wanted = from_json(check.params, params, "params")
        facts = check.observe(open_host(Transient()), wanted)
        return {one.name: (one.state.value, one.reason) for one in check.judge(Seen(facts, 0), wanted)}

    return look


def published(name: str) -> str:
    return (PUBLISHED / name).read_text(encoding="utf-8")


def test_storcli_s_lists_of_volumes_and_drives(answers) -> None:
    found = answers("storcli64", {"show all": published("storcli_c0_show_J.json")})
    # The short form says nothing of the controller itself: not known, not fine.
    assert found.pop("c0:health") == ("unknown", "state_unknown")
    assert found == {
        "c0 volume 2/1:health": ("ok", ""),
        **{f"c0 drive 35:{slot}:health": ("ok", "") for slot in range(12, 24)},
    }


def test_storcli_s_row_of_a_drive_that_was_set_offline(answers) -> None:
    said = json.loads(published("storcli_c0_show_J.json"))
    one = json.loads(published("storcli_c0_e35_s12_show_J.json"))
    (row,) = one["Controllers"][0]["Response Data"]["Drive Information"]
    drives = said["Controllers"][0]["Response Data"]["PD LIST"]
    assert [drive["EID:Slt"] for drive in drives].index(row["EID:Slt"]) == 0
    drives[0] = row
    found = answers("storcli64", {"show all": json.dumps(said)})
    assert found["c0 drive 35:12:health"] == ("crit", "degraded")
    assert found["c0 drive 35:13:health"] == ("ok", "")


def test_megacli_s_volume(answers) -> None:
    said = {"-LDInfo": published("megacli_ld_get_info"), "-PDList": "\nAdapter #0\n\nExit Code: 0x00\n"}
    assert answers("MegaCli64", said, tool="megacli") == {"c0 volume 0:health": ("ok", "")}


def test_drives_of_a_host_bus_adapter_are_looked_at(answers) -> None:
    """Our own text: each drive stands under its own key, its details under another."""
    drives = {}
    for slot, state in enumerate(("JBOD", "UBad", "strange")):
        drives[f"Drive /c0/e9/s{slot}"] = [{"EID:Slt": f"9:{slot}", "DID": slot, "State": state}]
        drives[f"Drive /c0/e9/s{slot} - Detailed Information"] = {"State": {"Media Error Count": 0}}
    data = {"Status": {"Controller Status": "OK"}, "Physical Device Information": drives}
    found = answers("storcli64", {"show all": json.dumps({"Controllers": [{"Response Data": data}]})})
    assert found == {
        "c0:health": ("ok", ""),
        "c0 drive 9:0:health": ("ok", ""),
        "c0 drive 9:1:health": ("crit", "degraded"),
        "c0 drive 9:2:health": ("unknown", "state_unknown"),
    }


@pytest.mark.parametrize("drives", ["", None, [], {"Drive /c0/s0": "odd"}])
def test_a_host_bus_adapter_without_readable_drives_is_its_own_status(answers, drives: object) -> None:
    data = {"Status": {"Controller Status": "Needs Attention"}, "Physical Device Information": drives}
    said = json.dumps({"Controllers": [{"Response Data": data}]})
    assert answers("storcli64", {"show all": said}) == {"c0:health": ("crit", "degraded")}
