"""Configurations as devices print them: what breaks off or is refused is no configuration."""

import pytest
from screens import Scripted, screen

from agent.sources.ssh_dialects import trouble
from checks.api import ErrorKind, ObservationError, Seen, State
from checks.network import config
from checks.network._configs import DIALECTS, lines, opened, sections
from checks.remote import Screen

AT = 1_795_255_710_806

HUAWEI = """!Software Version V200R019C10SPC500
#
sysname CORE-SW1
#
acl number 2000
 rule 5 permit source 10.0.0.0 0.0.0.255
#
aaa
 local-user admin password irreversible-cipher $1a$abc$
#
interface Vlanif10
 ip address 10.0.0.1 255.255.255.0
#
snmp-agent
snmp-agent community read cipher %^%#secret%^%# acl 2000
snmp-agent sys-info version v3
#
user-interface vty 0 4
 acl 2000 inbound
 protocol inbound ssh
#
return
"""
CISCO = """Building configuration...

Current configuration : 1432 bytes
!
! Last configuration change at 10:11:12 UTC Mon Mar 1 2027 by admin
!
version 15.2
hostname SW2
!
username admin privilege 15 secret 5 $1$abcd$hidden
interface GigabitEthernet0/1
 description uplink
!
ip http server
snmp-server community public RO
line con 0
line vty 0 4
 transport input telnet ssh
!
end
"""
NEXUS = """!Command: show running-config
!Running configuration last done at: Mon Mar  1 10:11:12 2027
!Time: Mon Mar  1 10:20:00 2027

version 9.3(5) Bios:version 05.39
hostname LEAF-1
vdc LEAF-1 id 1
  limit-resource vlan minimum 16 maximum 4094

feature telnet
feature nxapi
username admin password 5 $5$hidden role network-admin
snmp-server community look group network-operator
vrf context management
  ip route 0.0.0.0/0 10.0.0.254
nxapi http port 80
interface Ethernet1/1
  mtu 9216
interface mgmt0
  vrf member management
  ip address 10.0.0.1/24
line console
line vty
  exec-timeout 10
boot nxos bootflash:/nxos.9.3.5.bin
"""
FORTIOS = """#config-version=FG100F-7.0.5-FW-build0304-220208:opmode=0:vdom=0:user=inspect
#conf_file_ver=1234
config system global
    set hostname "FG"
end
config system interface
    edit "port1"
        set ip 10.0.0.1 255.255.255.0
        set allowaccess ping https ssh
    next
end
config system admin
    edit "admin"
        set trusthost1 10.0.0.0 255.255.255.0
        set password ENC abc
    next
end
config system snmp community
    edit 1
        set name "look"
        set query-v1-status disable
        config hosts
            edit 1
                set ip 10.0.0.5 255.255.255.255
            next
        end
    next
end
config vpn certificate local
    edit "own"
        set private-key "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIFHDBO
-----END ENCRYPTED PRIVATE KEY-----"
    next
end
"""
ASA = """: Saved
:
: Serial Number: 9A1
: Hardware:   ASAv, 2048 MB RAM
:
ASA Version 9.16(2)
!
hostname edge
interface GigabitEthernet0/0
 nameif inside
 security-level 100
 ip address 10.0.0.1 255.255.255.0
http server enable
http 10.0.0.0 255.0.0.0 inside
snmp-server host inside 10.0.0.5 community look version 2c
telnet timeout 5
ssh stricthostkeycheck
ssh timeout 5
ssh version 2
ssh key-exchange group dh-group14-sha256
ssh 10.0.0.0 255.0.0.0 inside
Cryptochecksum:fe1ed704b7cf5ea391d452de6b8cd26e
: end
"""


def looked(platform: str, *screens: Screen) -> config.Facts:
    return config.observe(Scripted(*screens), config.Params("10.0.0.1", platform))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("screens", "kind"),
    [
        ((), ErrorKind.UNSUPPORTED),
        ((screen("", trouble="unknown_command"),), ErrorKind.UNSUPPORTED),
        ((screen("", trouble="no_right"),), ErrorKind.DENIED),
        ((screen(HUAWEI, cut=True),), ErrorKind.GARBLED),
        ((screen(HUAWEI.replace("return\n", "")),), ErrorKind.GARBLED),
        ((screen(""),), ErrorKind.GARBLED),
    ],
)
def test_what_is_no_whole_configuration_is_an_error(screens: tuple[Screen, ...], kind: ErrorKind) -> None:
    with pytest.raises(ObservationError) as raised:
        looked("huawei_vrp", *screens)
    assert raised.value.kind is kind


def test_a_saved_configuration_that_cannot_be_seen_is_unknown_and_not_the_same() -> None:
    for saved in (screen("", trouble="no_right"), screen(HUAWEI[:200]), screen(HUAWEI, cut=True)):
        assert looked("huawei_vrp", screen(HUAWEI), saved).saved is None
    assert looked("huawei_vrp", screen(HUAWEI)).saved is None


def test_fleeting_lines_are_no_change_and_others_are() -> None:
    later = CISCO.replace("1432 bytes", "1433 bytes").replace("10:11:12", "11:11:11")
    same = looked("cisco_ios", screen(CISCO), screen(later.replace("Building configuration...\n", "")))
    assert same.saved == same.running
    moved = looked("cisco_ios", screen(CISCO), screen(CISCO.replace("uplink", "downlink")))
    assert moved.saved != moved.running


# After what people published of IOS XE: a certificate is written out in the running configuration, in the
# saved one its file is named.
CHAIN = """crypto pki certificate chain SLA-TrustPoint
 certificate ca 01
  30820321 30820209 A0030201 02020101 300D0609 2A864886 F70D0101 0B050030
  32310E30 0C060355 040A1305
        quit
crypto pki certificate chain TP-self-signed-1
 certificate self-signed 01
  30820330 30820218 A0030201 02020101 300D0609 2A864886 F70D0101 05050030
  5B3A \tquit
"""
FILES = """crypto pki certificate chain SLA-TrustPoint
 certificate ca 01 nvram:Maker#1CA.cer
crypto pki certificate chain TP-self-signed-1
 certificate self-signed 01 nvram:IOS-Self-Sig#3.cer
"""


def test_certificates_of_ios_are_saved_though_the_two_texts_write_them_in_other_ways() -> None:
    running = CISCO.replace("interface Gig", CHAIN + "interface Gig")
    saved = "Using 1799 out of 522232 bytes, uncompressed size = 3000 bytes\n" + CISCO.replace(
        "Building configuration...\n", "Uncompressed configuration from 1799 bytes to 3000 bytes\n"
    )
    saved = saved.replace("interface Gig", FILES + "interface Gig")
    found = looked("cisco_ios", screen(running), screen(saved))
    assert found.running == found.saved
    for other in (
        saved.replace("certificate ca 01 ", "certificate ca 02 "),
        saved.replace(" certificate self-signed 01 nvram:IOS-Self-Sig#3.cer\n", ""),
        saved.replace("uplink", "downlink"),
    ):
        assert looked("cisco_ios", screen(running), screen(other)).saved != found.running
    anew = looked("cisco_ios", screen(running.replace("5B3A", "5B3B")), screen(saved))
    assert anew.sections["crypto"] != found.sections["crypto"], "a certificate made anew is a drift"


def test_only_the_body_of_a_certificate_is_left_out() -> None:
    def lone(text: str) -> config.Facts:
        return looked("cisco_ios", screen(CISCO.replace("interface Gig", text + "interface Gig")))

    assert lone(CHAIN).running == lone(CHAIN.replace("5B3A", "5B3B")).running
    assert lone(CHAIN + " revocation-check none\n").running != lone(CHAIN).running
    assert lone("  30820330 30820218\n").running != lone("").running


@pytest.mark.parametrize(
    "clock",
    ["2026-11-22 16:45:%02d.370", "2026-11-22 16:45:%02d.370 +08:00", "2026-11-22 16:45:%02d+08:00"],
)
def test_the_time_that_vrp_tells_above_an_output_is_no_change(clock: str) -> None:
    texts = [f"{clock % second}\n{HUAWEI}" for second in (51, 52)]
    found = looked("huawei_vrp", *map(screen, texts))
    assert found.running == found.saved == looked("huawei_vrp", screen(HUAWEI)).running
    assert "other" not in found.sections


def test_a_drift_names_its_section_and_nothing_secret() -> None:
    before = looked("huawei_vrp", screen(HUAWEI), screen(HUAWEI))
    after = looked("huawei_vrp", screen(HUAWEI.replace("10.0.0.1 255", "10.0.0.9 255")), screen(HUAWEI))
    params = config.Params("10.0.0.1", "huawei_vrp", approved=before.sections)
    readings = [one for one in config.judge(Seen(after, AT), params) if one.state is not State.OK]
    assert [(one.name, one.reason) for one in readings] == [
        ("saved", "not_saved"),
        ("changed", "changed"),
        ("interface Vlanif10", "changed"),
    ]
    for facts in (before, after, looked("cisco_ios", screen(CISCO))):
        assert not any(word in repr(facts) for word in ("secret", "hidden", "cipher", "$1", "public"))


def test_what_a_configuration_opens_is_seen() -> None:
    cisco = looked("cisco_ios", screen(CISCO)).opened
    assert (cisco.telnet, cisco.http, cisco.snmp_old, cisco.community_default) == (True,) * 4
    assert (cisco.terminals_limited, cisco.snmp_limited) == (False, False)
    huawei = looked("huawei_vrp", screen(HUAWEI)).opened
    assert (huawei.telnet, huawei.http, huawei.community_default) == (False,) * 3
    assert not huawei.snmp_old and huawei.snmp_limited and huawei.terminals_limited


@pytest.mark.parametrize(
    ("limited", "rows"),
    [
        (True, ["snmp-server community look RO 10"]),
        (True, ["snmp-server community look view V ro 10"]),
        (True, ["snmp-server community look group network-operator", "snmp-server community look use-acl M"]),
        (True, ["snmp-server community look use-ipv4acl M"]),
        (False, ["snmp-server community corp-ro RO"]),
        (False, ["snmp-server community acl RW"]),
        (
            False,
            ["snmp-server community a group network-operator", "snmp-server community b use-acl M"],
        ),
    ],
)
def test_a_community_is_limited_by_what_stands_behind_its_name(limited: bool, rows: list[str]) -> None:
    assert opened({"snmp": rows}).snmp_limited is limited


def test_a_community_that_is_hidden_may_be_the_default_one() -> None:
    params = config.Params("10.0.0.1", "huawei_vrp")
    older = HUAWEI.replace("version v3", "version v2c v3")
    plain = older.replace("read cipher %^%#secret%^%#", "read simple look")
    assert looked("huawei_vrp", screen(plain)).opened.community_default is False
    readings = config.judge(Seen(looked("huawei_vrp", screen(older)), AT), params)
    (told,) = [one for one in readings if one.name == "snmp_default_community"]
    assert (told.value, told.state, told.reason) == (None, State.UNKNOWN, "not_reported")


@pytest.mark.parametrize(
    "closed",
    ["undo telnet server enable", "telnet server disable", "undo http server enable", "no ip http server"],
)
def test_what_is_switched_off_is_not_open(closed: str) -> None:
    found = opened({"a": [closed]})
    assert not found.telnet and not found.http


def test_nexus_texts_differ_by_their_heads_only_once_saved() -> None:
    """They have no last word; their own lines about when they were made stand in either."""
    saved = NEXUS.replace("running-config", "startup-config").replace("Running configuration last", "Startup")
    facts = looked("cisco_nxos", screen(NEXUS), screen(saved))
    assert facts.saved == facts.running
    assert facts.opened.telnet and facts.opened.http and not facts.opened.terminals_limited
    assert {"feature", "interface mgmt0", "line vty", "vrf"} <= facts.sections.keys()
    assert looked("cisco_nxos", screen(NEXUS), screen("No startup configuration\n")).saved is None
    changed = looked("cisco_nxos", screen(NEXUS), screen(saved.replace("mtu 9216", "mtu 1500")))
    assert changed.saved not in (None, changed.running)
    limited = NEXUS.replace("line vty\n", "line vty\n  access-class MGMT in\n")
    assert looked("cisco_nxos", screen(limited)).opened.terminals_limited
    with pytest.raises(ObservationError) as raised:
        looked("cisco_nxos", screen("hello\n"))
    assert raised.value.kind is ErrorKind.GARBLED


def test_a_fortios_configuration_is_saved_as_it_is_made_unless_it_says_otherwise() -> None:
    first = looked("fortinet", screen(FORTIOS))
    assert first.saved == first.running
    # What is encrypted anew each time it is shown is no change; what somebody set is.
    anew = FORTIOS.replace("ENC abc", "ENC xyz").replace("MIIFHDBO", "MIIQQQQQ").replace("=1234", "=1235")
    assert looked("fortinet", screen(anew)) == first
    moved = looked("fortinet", screen(FORTIOS.replace("10.0.0.1 255", "10.0.0.9 255")))
    changed = {name for name, one in moved.sections.items() if first.sections[name] != one}
    assert changed == {"system interface"}
    by_hand = FORTIOS.replace('set hostname "FG"', 'set hostname "FG"\n    set cfg-save manual')
    assert looked("fortinet", screen(by_hand)).saved is None


def test_what_a_fortios_configuration_opens_is_seen() -> None:
    def opens(text: str) -> tuple[bool | None, ...]:
        found = looked("fortinet", screen(text)).opened
        limits = (found.terminals_limited, found.snmp_limited)
        return (found.telnet, found.http, found.snmp_old, found.community_default, *limits)

    assert opens(FORTIOS) == (False, False, True, False, True, True)
    wide = FORTIOS.replace("ping https ssh", "ping http telnet").replace('"look"', '"public"')
    assert opens(wide) == (True, True, True, True, True, True)
    anywhere = FORTIOS.replace("set ip 10.0.0.5", "set ip 0.0.0.0")
    for limit in ("", "set trusthost1 0.0.0.0 0.0.0.0"):
        found = opens(anywhere.replace("set trusthost1 10.0.0.0 255.255.255.0", limit))
        assert found[4:] == (False, False)
    # So is a host without an address, whatever else is said of it or of other hosts; IPv6 opens as IPv4 does.
    lone = FORTIOS.replace("set ip 10.0.0.5 255.255.255.255", "set ha-direct enable")
    more = "            next\n            edit 2\n                set ip 0.0.0.0 0.0.0.0\n            next\n"
    assert opens(lone)[5] is False is opens(FORTIOS.replace("            next\n", more))[5]
    six = "config ipv6\n            set ip6-allowaccess ping telnet\n        end\n    next"
    assert opens(FORTIOS.replace("ping https ssh\n    next", f"ping https ssh\n        {six}"))[0] is True
    # An entry without a setting is one too.
    assert (
        opens(FORTIOS.replace('    edit "admin"', '    edit "other"\n    next\n    edit "admin"'))[4] is False
    )
    assert opens(FORTIOS.replace("set query-v1-status disable", "set status disable"))[2] is False
    assert opens(FORTIOS[: FORTIOS.index("config system admin")])[2:] == (False, False, None, None)


def test_asa_texts_differ_by_their_heads_and_sums_only_once_saved() -> None:
    saved = ASA.replace(": Serial Number: 9A1", ": Written by enable_15 at 10:11:12.123 UTC Mon Mar 1 2027")
    found = looked("cisco_asa", screen(ASA), screen(saved.replace("fe1ed704", "2ab0e943")))
    assert found.saved == found.running
    moved = looked("cisco_asa", screen(ASA), screen(saved.replace("10.0.0.1 255", "10.0.0.9 255")))
    assert moved.saved not in (None, found.running)
    with pytest.raises(ObservationError) as raised:
        looked("cisco_asa", screen(ASA.replace(": end\n", "")))
    assert raised.value.kind is ErrorKind.GARBLED


def test_an_asa_that_refuses_is_one_that_does_not_show_it() -> None:
    told = "                 ^\nERROR: % Invalid input detected at '^' marker.\n"
    assert trouble(told) == "unknown_command" and trouble(ASA) == ""


def test_what_an_asa_opens_is_seen() -> None:
    def opens(text: str) -> tuple[bool | None, ...]:
        found = looked("cisco_asa", screen(text)).opened
        limits = (found.terminals_limited, found.snmp_limited)
        return (found.telnet, found.http, found.snmp_old, found.community_default, *limits)

    # Timers let nobody in; ASDM is spoken to by TLS.
    assert opens(ASA) == (False, False, True, False, True, True)
    assert opens(ASA.replace("ssh 10.0.0.0 255.0.0.0", "ssh 0.0.0.0 0.0.0.0"))[4] is False
    assert opens(ASA.replace("telnet timeout", "telnet 10.0.0.0 255.0.0.0 inside\ntelnet timeout"))[0] is True
    assert opens(ASA.replace("community look version 2c", "version 3 inspect"))[2:] == (
        False,
        False,
        True,
        None,
    )
    assert opens(ASA.replace("community look", "community public"))[3] is True
    # It shows communities as stars, and groups of hosts by the name of an object.
    assert opens(ASA.replace("community look", "community *****"))[3] is None
    assert opens(ASA.replace("community look", "community 8 vErYsEcReT"))[3] is None
    group = opens(ASA.replace("snmp-server host inside 10.0.0.5", "snmp-server host-group inside ALL"))
    assert group[2:4] == (True, False) and group[5] is None
    stack = ASA.replace("ssh 10.0.0.0 255.0.0.0 inside", "ssh stack ciscossh")
    assert opens(stack)[4] is None
    assert opens(ASA.replace("ssh 10.0.0.0 255.0.0.0 inside\n", ""))[4] is None


def test_a_text_between_quotes_is_no_block_however_it_looks() -> None:
    text = 'say \\"hi\\"\nconfig system admin\nend\n'
    banner = f'config system replacemsg admin "post"\n    set buffer "{text}"\nend\n'
    found = looked("fortinet", screen(FORTIOS + banner))
    assert found.sections.keys() - looked("fortinet", screen(FORTIOS)).sections.keys() == {
        'system replacemsg admin "post"'
    }
    assert found.opened == looked("fortinet", screen(FORTIOS)).opened


def test_virtual_firewalls_have_sections_of_their_own() -> None:
    body = FORTIOS.partition("\n")[2]
    text = f"#config-version=FG\nconfig vdom\nedit root\nnext\nend\nconfig global\n{body}end\n"
    text += "config vdom\nedit root\nconfig firewall address\n    edit a\n    next\nend\nend\n"
    found = looked("fortinet", screen(text))
    assert {"system interface", "system admin", "root firewall address"} <= found.sections.keys()
    assert found.opened == looked("fortinet", screen(FORTIOS)).opened


def test_every_line_stands_in_one_section() -> None:
    for platform, text in (("huawei_vrp", HUAWEI), ("cisco_ios", CISCO)):
        parts = sections(text, DIALECTS[platform])
        kept = [line for rows in parts.values() for line in rows]
        assert sorted(kept) == sorted(line for line in lines(text) if line.strip() != "#")
