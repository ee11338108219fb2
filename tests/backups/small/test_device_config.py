"""Kept configurations of network devices: cut, refused, paged, shrunk, the same but for clocks and salts."""

import os

import pytest

from checks.approved import mark
from checks.artefacts import deviceconfig
from checks.network import _configs

ID = "backup.device_config"
HUAWEI = """!Software Version V200R019C10SPC500
!Last configuration was updated at {clock} UTC+08:00 by admin
#
sysname HA-CORE-1
#
aaa
 local-user admin password irreversible-cipher $1a${salt}$
#
{ports}ip route-static 0.0.0.0 0.0.0.0 10.10.0.254
#
return
"""
CISCO = """Building configuration...

Current configuration : 1024 bytes
!
version 15.2
hostname SW1
!
enable secret 5 $1$abcd$0123456789
!
{ports}ntp clock-period {clock}
!
end
"""
FORTI = """#config-version=FG100E-6.2.3-FW-build1066-191218:opmode=0:vdom=0:user=admin
#conf_file_ver={clock}
config system global
    set hostname "FG100E"
end
config firewall policy
    edit 1
        set action accept
    next
end
"""


def ports(count=24, vlan=20):
    return "".join(
        f"interface GigabitEthernet0/0/{n}\n port link-type access\n port default vlan {vlan}\n#\n"
        for n in range(1, count + 1)
    )


@pytest.fixture
def place(tmp_path):
    tmp_path.chmod(0o700)
    made = tmp_path / "backup"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def keep(place):
    """Keep a text as of a day."""

    def run(day, text):
        path = place / f"202603{day:02}.cfg"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o600)
        os.utime(path, (1_772_400_000 + day * 86_400,) * 2)
        return path

    return run


@pytest.fixture
def look(verified, place):
    def run(name="", **params):
        return verified(ID, {"path": str(place / "%Y%m%d.cfg"), **params}, name=name)

    return run


def whole(clock="2026-03-02 02:00:00", salt="6fX0", **how):
    return HUAWEI.format(clock=clock, salt=salt, ports=ports(**how))


def test_nothing_but_clocks_and_salts_moved(look, keep):
    keep(2, whole())
    keep(3, whole(clock="2026-03-03 02:00:00", salt="zzzz"))
    seen = look(name="ok_same_at_heart")
    assert seen.reasons == {}
    one = seen.facts.artefacts[0]
    assert (one.text.platform, one.before, one.changed) == ("huawei_vrp", "20260302.cfg", ())
    assert one.text.mark == mark(*_configs.lines(whole(salt="zzzz"))), "what network.config gives of it"
    keep(4, whole(vlan=30))
    later = look()
    assert later.facts.artefacts[0].changed == tuple(
        sorted(f"interface GigabitEthernet0/0/{n}" for n in range(1, 25))
    )
    assert later.reasons == {}


@pytest.mark.parametrize(("text", "platform"), [(CISCO, "cisco_ios"), (FORTI, "fortinet")])
def test_other_makes(look, keep, text, platform):
    for day, clock in ((2, "17179878"), (3, "17179879")):
        keep(day, text.format(clock=clock, ports=ports().replace("#", "!")))
    seen = look()
    assert seen.reasons == {}
    assert (seen.facts.artefacts[0].text.platform, seen.facts.artefacts[0].changed) == (platform, ())


def test_what_breaks_off_or_is_no_configuration(look, keep):
    keep(2, whole())
    for text, words in (
        (whole()[:-8], {"well_formed": "no_end_mark"}),
        (whole()[: len(whole()) // 3], {"well_formed": "no_end_mark", "unchanged": "shrunk"}),
        (whole() + "Error: Unrecognized command found at '^' position.\n", {"well_formed": "error_text"}),
        (
            whole().replace(" port default", "  ---- More ----\n port default", 1),
            {"well_formed": "error_text"},
        ),
        ("% Invalid input detected at '^' marker.\n" * 40, {"well_formed": "error_text"}),
    ):
        keep(3, text)
        recorded = "crit_breaks_off" if "unchanged" in words else ""
        found = look(name=recorded).reasons
        assert words.items() <= found.items(), text[-80:]
    keep(3, "some text of nobody we know\n" * 60)
    seen = look(name="unknown_make")
    assert seen.reasons["well_formed"] == "unsupported"


def test_much_smaller_than_the_one_before(look, keep):
    keep(2, whole(count=48))
    keep(3, whole(count=4))
    assert look().reasons == {"unchanged": "shrunk"}


def test_the_saved_one_kept_beside_and_how_it_was_fetched(look, keep, place):
    path = keep(3, whole())
    beside = path.with_name(path.name + ".startup")
    assert look(startup=".startup").reasons == {"saved": "not_reported"}
    beside.write_text(whole(clock="2026-03-01 00:00:00"))
    assert look(startup=".startup").reasons == {}
    beside.write_text(whole(vlan=99))
    assert look(startup=".startup").reasons == {"saved": "not_saved"}
    assert look(transport="tftp", name="crit_plain_transport").reasons == {"placed": "plain_transport"}


def test_text_in_gbk_and_no_line_in_the_facts(look, keep):
    keep(3, whole().replace("HA-CORE-1", "核心交换机").encode("gbk"))
    seen = look()
    assert seen.reasons == {}
    assert "6fX0" not in str(seen.result.facts) and "10.10.0.254" not in str(seen.result.facts)
    assert deviceconfig.read(b"", "").platform == ""


def test_the_right_one_after_one_that_had_grown_is_not_called_shrunk(look, keep):
    for day, count in ((2, 24), (3, 24), (4, 160), (5, 24)):
        keep(day, whole(count=count))
    assert look().reasons == {}
    keep(6, whole(count=3))
    assert look().reasons == {"unchanged": "shrunk"}
