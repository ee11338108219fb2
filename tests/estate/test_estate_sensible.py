"""What `estate check` takes because people mean it, and what it says of the rest without saying too much."""

import pytest

from collector.estate.catalog import installed
from collector.estate.errors import EstateError
from collector.estate.loading import read_estate

ESTATE = """estate: e
timezone: Asia/Shanghai
systems: [{id: s}, {id: t}]
assets:
  - {id: h, kind: server, agent: a, system: s}
  - {id: box, kind: server, via: a, ssh: {address: 10.0.0.4}}
  - {id: room, kind: room}
  - {id: spare, kind: odd}
checks: [{check: host.cpu, assets: h, every: 1m}]
rounds: [{id: people, every: day, human: {assets: room}}]
"""


def read(text: str):
    return read_estate("e.yaml", lambda _: text.encode(), installed())


def refused(text: str) -> list[tuple[str, str]]:
    with pytest.raises(EstateError) as found:
        read(text)
    return [(one.path, one.reason) for one in found.value.problems]


@pytest.mark.parametrize(
    "name",
    ["核心　路由器", "a\\u00a0b", "机\\u200d房", "\\ue863", "a\\tb", "\\U00020bb7田"],
)
def test_a_name_holds_any_character_that_has_a_place_in_a_line(name):
    assert read(ESTATE.replace("id: h,", f'id: h, name: "{name}",')).estate.assets[0].name


@pytest.mark.parametrize("name", ["a\\nb", "a\\u0007", "a\\u2028b", "a\\x1bb", "a\\u0085b"])
def test_a_name_is_one_line_without_controls(name):
    ((path, reason),) = refused(ESTATE.replace("id: h,", f'id: h, name: "{name}",'))
    assert path == "assets[h].name" and "line break" in reason


def test_a_block_of_yaml_ends_in_a_line_break_that_nobody_means():
    text = ESTATE.replace(
        "  - {id: spare, kind: odd}\n",
        "  - id: spare\n    kind: odd\n    location: |\n      机房 2\n    owner: >\n      某某\n      公司\n",
    )
    assert read(text).estate.assets[3].location.startswith("机房 2")


@pytest.mark.parametrize(
    "hop", ["'[2001:db8::9]:22'", "2001:db8::9", "'[2001:db8::9]'", "10.0.0.9:2222", "gate"]
)
def test_a_bastion_is_written_as_the_agent_reads_it(hop):
    assert read(ESTATE.replace("10.0.0.4}", f"10.0.0.4, hop: {hop}}}")).estate.assets[1].ssh.hop == hop.strip(
        "'"
    )


@pytest.mark.parametrize("hop", ["'[2001:db8::9]:0'", "10.0.0.9:65536", "10.0.0.999", "a b", "'gate:x'"])
def test_a_bastion_that_is_no_address_is_refused(hop):
    ((path, reason),) = refused(ESTATE.replace("10.0.0.4}", f"10.0.0.4, hop: {hop}}}"))
    assert path == "assets[box].ssh.hop" and "is no address[:port]" in reason


def test_a_look_a_quarter_or_a_year_is_taken_and_one_in_years_refused_with_its_reason():
    quarter = read(ESTATE.replace("every: 1m", "every: 92d, hold: 280d"))
    assert (quarter.regular[0].every_ms, quarter.regular[0].hold_ms) == (92 * 86_400_000, 280 * 86_400_000)
    assert read(ESTATE.replace("every: 1m", "every: 366d")).regular
    assert refused(ESTATE.replace("every: 1m", "every: 367d")) == [
        ("checks[0].every", "is more than 366d: what is asked so seldom says nothing of the time between")
    ]


def test_what_nobody_looks_at_is_noted_and_what_people_look_at_is_not():
    said = [one for one in read(ESTATE).notes if one.startswith("nobody")]
    assert said == [
        "nobody looks at spare: neither agent nor via is given",
        "nobody looks at box: no check, probe or round is about it",
    ]


def test_windows_that_overlap_are_named_up_to_a_number():
    rows = "".join(
        f"  - {{id: w{i}, from: 2026-01-01T10:00, to: 2026-01-01T12:00, systems: [{'st'[i % 2]}]}}\n"
        for i in range(300)
    )
    said = [one for one in read(f"{ESTATE}windows:\n{rows}").notes if "overlap" in one]
    # 150 windows of each system: 2 × (150 × 149 / 2) pairs.
    assert len(said) == 21 and said[-1] == "and 22330 more pairs of windows overlap"
    assert said[0] == "the windows w0 and w2 overlap for s"
