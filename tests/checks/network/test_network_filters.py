"""What rules of packet filters limit, as the tools themselves list them (tests/checks/network/listings).

The listings were made by nft 1.0.6 and iptables 1.8.9 of rules that were loaded into a kernel.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.network import _iptables, _nft
from checks.network._filters import (
    DESTINATION,
    ODD,
    OTHER,
    OWN,
    SERVICE,
    SOURCE,
    Chain,
    FilterError,
    Line,
    rules,
)

LISTINGS = Path(__file__).parent / "listings"
NFT = (LISTINGS / "nft.json").read_text()
IPTABLES = (LISTINGS / "iptables.txt").read_text()
EVERYWHERE = frozenset((one, hook) for one in ("IPv4", "IPv6") for hook in ("input", "forward"))
# The chain `input` of the listing, rule by rule; the three of the first and two of the third are one each.
LIMITS = (
    *({OWN}, {OWN}, {OWN}, {OWN}, set(), set(), {SOURCE, SERVICE}, {SERVICE}, {SERVICE}, set(), set()),
    *({SOURCE, SERVICE}, {DESTINATION, SERVICE}, {SERVICE}, {SERVICE}, set(), {SOURCE}, {SERVICE}, {OWN}),
    *({OTHER}, {SOURCE}, set(), set(), {OTHER}, set(), set()),
)
# Rules of the other listing by a word of each.
WORDS = {
    "conntrack --ctstate NEW": set(),
    "--state NEW,ESTABLISHED": set(),
    "--ctstate DNAT": {OTHER},
    "! --ctstate NEW": {OWN},
    "--mark 0x4000": {OTHER},
    "--mac-source": {SOURCE},
    "--dst-type LOCAL": {DESTINATION},
    "--hashlimit-upto": set(),
    "--connlimit-above": set(),
    "--src-range 0.0.0.0-255": set(),
    "--dst-range 10.0.0.1": {DESTINATION},
    "--icmp-type 8": {SERVICE},
    "--dports 53,123:130": {SERVICE},
    "! -p tcp": set(),
    "-s 10.0.0.0/8 -d": {SOURCE, DESTINATION},
    "! -s 10.0.0.0/8": set(),
    "--weekdays Mon,Tue": set(),
    "--pol ipsec": {OTHER},
    "--string": {ODD},
    "--rcheck": {ODD},
    "all -j in": set(),
    "-A FORWARD -i lo": {OWN},
    "! -i lo": set(),
    "-f -j": {ODD},
    "-p gre": {SERVICE},
    "--cpu 0": {ODD},
    "-m quota": {ODD},
}


def chain(found, name):
    return next(one for one in found if one.key[2] == name)


def test_each_rule_of_nftables_limits_what_it_says():
    found = chain(_nft.chains(NFT, 0), "input")
    assert not found.accepts and found.hook == "input"
    assert [one.limits for one in found.lines] == [frozenset(one) for one in LIMITS]
    ends = [one.ends_ms for one in found.lines if one.ends_ms is not None]
    assert ends == [1_767_225_600_000, 1_769_904_000_000]
    # In a zone eight hours east of UTC that day begins earlier.
    east = chain(_nft.chains(NFT, 8 * 3600), "input")
    assert [one.ends_ms for one in east.lines if one.ends_ms] == [one - 28_800_000 for one in ends]


def test_each_rule_of_iptables_limits_what_it_says():
    rows = [row for row in IPTABLES.splitlines() if "-A FORWARD" in row]
    lines = chain(_iptables.chains(IPTABLES, "ip", 0), "FORWARD").lines
    assert len(rows) == len(lines) > 50
    for word, limits in WORDS.items():
        (line,) = [line for row, line in zip(rows, lines, strict=True) if word in row]
        assert (word, line.limits) == (word, frozenset(limits))
    verdicts = {
        row.partition("-j ")[2].split()[0]: line.verdict for row, line in zip(rows, lines, strict=True)
    }
    assert verdicts["REJECT"] == "drop" and verdicts["MARK"] == verdicts["TRACE"] == ""
    # A program that decides, or nobody while it does not run, is no rule that stops anything.
    assert [
        (line.verdict, line.limits) for row, line in zip(rows, lines, strict=True) if "NFQUEUE" in row
    ] == [("accept", {ODD})]
    assert [line.verdict for row, line in zip(rows, lines, strict=True) if "LOG" in row] == [""]
    assert [line.certain for row, line in zip(rows, lines, strict=True) if "all -j in" in row] == [True]


def listed(*rules_, named=(), table=None):
    """The base chain of a ruleset of nft with these rules, each a list of statements."""
    row = {"family": "inet", "table": "t"}
    made = [{"table": {"family": "inet", "name": "t", **(table or {})}}]
    made += [{"set": {**row, "name": name, "elem": elements}} for name, elements in named]
    made.append({"chain": {**row, "name": "base", "type": "filter", "hook": "forward", "policy": "drop"}})
    made += [{"rule": {**row, "chain": "base", "expr": expr}} for expr in rules_]
    return _nft.chains(json.dumps({"nftables": made}), 0)


def match(left, right, op="=="):
    return {"match": {"op": op, "left": left, "right": right}}


STATE, DIRECTION = {"ct": {"key": "state"}}, {"ct": {"key": "direction"}}
SADDR = {"payload": {"protocol": "ip", "field": "saddr"}}
PAIR = {"concat": [SADDR, {"payload": {"protocol": "tcp", "field": "dport"}}]}
ACCEPT, DROP = {"accept": None}, {"drop": None}


@pytest.mark.parametrize(
    ("condition", "limits"),
    [
        (match(STATE, ["established", "related", "new"], "in"), set()),
        (match(STATE, {"|": ["established", "related"]}, "!="), set()),
        (match(STATE, {"|": ["new", "untracked"]}, "!="), {OWN}),
        (match(STATE, "@mine"), {OWN}),
        (match(DIRECTION, "original"), set()),
        (match(DIRECTION, "reply"), {OWN}),
        (match({"ct": {"key": "ip saddr", "dir": "original"}}, "1.2.3.4"), {SOURCE}),
        (match({"ct": {"key": "proto-dst", "dir": "original"}}, 80), {SERVICE}),
        (match({"ct": {"key": "l3proto"}}, "ipv4"), set()),
        (match({"ct": {"key": "phase of the moon"}}, 1), {ODD}),
        (match({"meta": {"key": "pkttype"}}, "host"), set()),
        (match(PAIR, {"set": [{"concat": ["1.2.3.4", 80]}]}), {SOURCE, SERVICE}),
        (match(PAIR, {"set": [{"concat": ["1.2.3.4", 80]}]}, "!="), set()),
        ({"queue": {"flags": "bypass", "num": 1}}, {ODD}),
    ],
)
def test_what_lets_anybody_in_limits_nothing(condition, limits):
    """The forms are those of nft 1.0.6."""
    (base,) = listed([condition, ACCEPT], named=[("mine", ["established", "related"])])
    assert base.lines[-1].limits == limits and base.lines[-1].verdict == "accept"


def test_states_of_a_form_that_is_not_known_are_no_replies():
    for right in ({"&": ["new"]}, "@absent"):
        with pytest.raises(FilterError):
            listed([match(STATE, right), ACCEPT])


def test_the_rest_of_a_map_is_everybody():
    data = {"set": [["1.2.3.4", DROP], ["*", ACCEPT]]}
    (base,) = listed([{"vmap": {"key": SADDR, "data": data}}])
    assert [(one.verdict, one.limits) for one in base.lines] == [("drop", {SOURCE}), ("accept", set())]


def test_a_rule_behind_one_that_drops_too_many_of_one_address_is_come_to():
    """`add @flood { ip saddr limit rate over 10/second } drop` stops only those."""
    limit = {"limit": {"rate": 10, "burst": 5, "per": "second", "inv": True}}
    flood = {"set": {"op": "add", "elem": SADDR, "set": "@flood", "stmt": [limit]}}
    assert opens(*listed([flood, DROP], [ACCEPT])) == ["inet t base 2"]


def test_a_table_that_is_switched_off_stops_nothing():
    shut = hooked(Line("all", "accept", certain=True), name="other")
    assert opens(*listed([DROP]), shut) == []
    asleep = listed([DROP], table={"flags": ["dormant"]})
    assert asleep == () and opens(*asleep, shut) == ["all"]


def test_all_but_a_set_of_addresses_is_anybody_to_iptables_too():
    def limits(words):
        text = f"*filter\n:FORWARD DROP [0:0]\n-A FORWARD {words} -j ACCEPT\nCOMMIT\n"
        return _iptables.chains(text, "ip", 0)[0].lines[0].limits

    assert limits("-m set --match-set bad src") == {SOURCE}
    assert limits("-m set ! --match-set bad src") == set() == limits("-m pkttype --pkt-type unicast")
    assert limits("-m conntrack --ctdir REPLY") == {OWN} == limits("-m conntrack ! --ctdir ORIGINAL")
    assert limits("-m conntrack --ctdir ORIGINAL") == set()


def test_a_listing_of_countless_chains_at_the_hooks_is_refused():
    with pytest.raises(FilterError):
        opens(*(hooked(name=f"c{at}") for at in range(1000)))


def hooked(*lines, accepts=False, hook="forward", name="base"):
    return Chain(("inet", "t", name), lines, hook, accepts)


def opens(*chains):
    """Names of the rules that let everything through."""
    found = rules(chains, EVERYWHERE - {("IPv4", "input"), ("IPv6", "input")})
    wide = [one for one in found if one.any_source and one.any_destination and one.any_service]
    return [one.name for one in wide if one.enabled and one.permits]


def jump(target, **given):
    return Line("jump", "jump", target, **given)


def test_a_rule_is_as_open_as_the_ways_that_lead_to_it():
    accept = Line("accept", "accept", certain=True)
    inner = Chain(("inet", "t", "inner"), (accept,))
    assert opens(hooked(jump("inner", limits=frozenset({SOURCE}))), inner) == []
    assert opens(hooked(jump("inner", limits=frozenset({SOURCE})), jump("inner")), inner) == ["accept"]
    assert opens(hooked(), inner) == []
    # Of another table, another family, or not there at all.
    assert opens(hooked(jump("nowhere"))) == []
    assert opens(hooked(jump("inner")), Chain(("inet", "other", "inner"), (accept,))) == []


def test_what_comes_back_from_a_chain_goes_on():
    """As ufw writes it: some packets are sent back before the rest is dropped."""
    back = Line("back", "return", limits=frozenset({DESTINATION}))
    drop, accept = Line("drop", "drop", certain=True), Line("accept", "accept", certain=True)
    some = Chain(("inet", "t", "some"), (back, drop))
    every = Chain(("inet", "t", "every"), (drop,))
    sent = jump("some", certain=True)
    assert opens(hooked(sent, accept), some) == ["accept"]
    assert opens(hooked(jump("every", certain=True), accept), every) == []
    assert opens(hooked(Line("on", "goto", "some", certain=True), accept), some) == []
    assert opens(hooked(sent, accepts=True), some) == ["inet t base default"]
    assert (
        opens(hooked(drop, accepts=True))
        == []
        == opens(hooked(jump("every", certain=True), accepts=True), every)
    )


def test_chains_that_lead_in_a_circle_or_too_deep_end():
    assert opens(hooked(jump("base", certain=True), Line("last", "accept", certain=True))) == ["last"]
    deep = [Chain(("inet", "t", f"c{n}"), (jump(f"c{n + 1}"),)) for n in range(5000)]
    with pytest.raises(FilterError):
        opens(hooked(jump("c0")), *deep)
    ends = [[jump(f"w{at + 1}", ends_ms=(60 - at) * 1000 + more) for more in range(120)] for at in range(60)]
    wide = [Chain(("inet", "t", f"w{at}"), tuple(lines)) for at, lines in enumerate(ends)]
    with pytest.raises(FilterError):
        opens(hooked(jump("w0")), *wide)


def test_a_match_that_is_not_known_leaves_it_open_only_where_nothing_else_limits():
    odd = Line("odd", "accept", limits=frozenset({ODD}))
    with pytest.raises(FilterError):
        opens(hooked(odd))
    assert opens(hooked(Line("odd", "accept", limits=frozenset({ODD, SOURCE})))) == []
    assert opens(hooked(Line("odd", "drop", limits=frozenset({ODD})))) == []
    text = NFT.replace('{"meta": {"key": "iif"}}', '{"meta": {"key": "phase of the moon"}}')
    with pytest.raises(FilterError):
        rules(_nft.chains(text, 0), EVERYWHERE)


def test_all_addresses_of_a_family_are_anybody_however_they_are_written():
    def limits(right):
        left = {"payload": {"protocol": "ip", "field": "saddr"}}
        match = {"match": {"op": "==", "left": left, "right": right}}
        row = {"family": "ip", "table": "t", "chain": "c", "expr": [match, {"accept": None}]}
        listed = [
            {"chain": {"family": "ip", "table": "t", "name": "c"}},
            {
                "set": {
                    "family": "ip",
                    "table": "t",
                    "name": "s",
                    "elem": [{"prefix": {"addr": "0.0.0.0", "len": 1}}],
                }
            },
            {"rule": row},
        ]
        return _nft.chains(json.dumps({"nftables": listed}), 0)[0].lines[0].limits

    half = {"prefix": {"addr": "0.0.0.0", "len": 1}}
    other = {"elem": {"val": {"prefix": {"addr": "128.0.0.0", "len": 1}}, "comment": "x"}}
    assert limits({"prefix": {"addr": "0.0.0.0", "len": 0}}) == set()
    assert limits({"set": [half, other]}) == set()
    assert limits({"range": ["0.0.0.0", "255.255.255.255"]}) == set()
    assert limits(half) == limits("@s") == limits("@absent") == {SOURCE}


def test_a_named_counter_of_several_rules_tells_only_that_none_was_met():
    def hits(packets):
        text = NFT.replace('"counter": "web"', '"counter": {"packets": 3, "bytes": 1}')
        text = text.replace('{"counter": {"packets": 0, "bytes": 0}}', '{"counter": "web"}')
        text = text.replace('"handle": 4, "packets": 0', f'"handle": 4, "packets": {packets}')
        return {one.hits for one in chain(_nft.chains(text, 0), "input").lines}

    assert hits(0) == {0, 3, None} and hits(7) == {3, None}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "[]",
            "{}",
            '{"nftables": 1}',
            '{"nftables": [1]}',
            '{"nftables": [{"chain": {}}]}',
            "[" * 10_000,
        ),
        NFT[:-100],
        NFT.replace('"2026-01-01 00:00:00"', '"soon"'),
        NFT.replace('"addr": "0.0.0.0", "len": 0', '"addr": "0.0.0.0", "len": 99'),
        NFT.replace('"data": "@zones"', '"data": "@absent"'),
    ],
)
def test_what_is_no_ruleset_is_said_to_be_none(text):
    with pytest.raises(FilterError):
        rules(_nft.chains(text, 0), EVERYWHERE)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "*filter\n",
            "*filter\n*nat\nCOMMIT\n",
            "*filter\nhello\nCOMMIT\n",
            "*filter\n-A X -j DROP\nCOMMIT\n",
        ),
        IPTABLES.replace("COMMIT", ""),
        *(
            f"*filter\n:A - [0:0]\n-A A {words}\nCOMMIT\n"
            for words in ('-m comment --comment "x', "-s", "-j", "-s x -j A")
        ),
    ],
)
def test_a_listing_of_iptables_that_breaks_off_is_none(text):
    with pytest.raises(FilterError):
        _iptables.chains(text, "ip", 0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_a_tool_lists_is_read_or_refused(data):
    text, read = data.draw(st.sampled_from([(NFT, _nft.chains), (IPTABLES, _iptables_ip)]))
    at = data.draw(st.integers(0, len(text) - 1))
    cut = text[:at] + data.draw(st.text(max_size=5)) + text[at + data.draw(st.integers(0, 40)) :]
    try:
        rules(read(cut, 0), EVERYWHERE)
    except FilterError:
        return


def _iptables_ip(text, offset_s):
    return _iptables.chains(text, "ip", offset_s)
