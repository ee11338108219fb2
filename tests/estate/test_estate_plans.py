"""From a good estate file to plans, terms, differences and the schema."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from checks.plan import Window, encode, parse
from collector.availability import estate_terms
from collector.availability.calendar_cn import shipped
from collector.cli_estate import estate as command
from collector.estate import changes, schema, services
from collector.estate.catalog import installed
from collector.estate.compiling import Issue, plan_for, provisional
from collector.estate.loading import Loaded, read_estate, reread, unpacked

ROOT = Path(__file__).resolve().parents[2]
ESTATE = """
estate: luohe-trading
timezone: Asia/Shanghai
contract: {pack: luohe-2026, start: 2026-06-10}
units: [{id: trading-centre, name: 交易中心}]
systems:
  - id: portal
    unit: trading-centre
    name: 门户网站
    core: true
    service: {all: [portal-web, {name: databases, any: [db-1, db-2]}]}
    target: 99.9%
    interval: 30s
    hours: {days: [monday, friday], ranges: ["08:30-12:00", "14:00-17:30"]}
  - {id: all, service: {quorum: {up: 2, degraded: 1, of: [portal, "host.load@web-01"]}}}
assets:
  - id: web-01
    kind: server
    system: portal
    agent: web-01
    params: {host.filesystem: {ignore_paths: [/mnt]}}
  - {id: web-02, kind: server, agent: web-02}
  - {id: sw-1, kind: switch, via: web-01, snmp: {address: 10.20.0.1, version: 3, secret: snmp-ro}}
probes:
  - id: portal-web
    check: service.http
    from: [web-02, collector]
    every: 10s
    host: host.load@web-01
    params: {url: "https://portal.example/", text: 公告}
  - {id: db-1, check: service.tcp, from: web-01, canary: true, params: {host: 10.0.0.1, port: 5432}}
  - {id: db-2, check: service.tcp, from: web-01, params: {host: 10.0.0.2, port: 5432}}
checks:
  - {check: host.*, assets: all, every: 1m}
  - {check: host.cpu, assets: [web-01], every: 30s, params: {used: {warn: 70, crit: 95}}}
rounds:
  - {id: weekly, every: week, on: monday, window: "09:00-17:00", assets: all, checks: [host.*]}
  - {id: pre-holiday, before: [spring-festival, labour-day, national-day], days: 7, assets: all, checks: all}
windows:
  - {id: w1, from: 2026-12-01T22:00, to: 2026-12-02T01:00, systems: portal, reason: 升级}
"""


@pytest.fixture
def loaded() -> Loaded:
    return read_estate("e.yaml", lambda _: ESTATE.encode(), installed())


def plan(loaded: Loaded, agent: str, made: int = 5):
    return plan_for(loaded, Issue("log", agent, 1, made), shipped())


def china(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000) - 8 * 3_600_000


def test_plans_are_the_same_bytes_each_time_and_read_back(loaded):
    again = reread(loaded.body, installed())
    for agent in loaded.agents:
        data = encode(plan(loaded, agent))
        assert data == encode(plan(again, agent)) and parse(data) == plan(loaded, agent)
    assert loaded.agents == ("collector", "web-01", "web-02")
    assert plan(loaded, "nobody").items == ()


def test_probes_take_their_own_settings_then_their_systems_then_the_defaults(loaded):
    items = {item.target: item for item in plan(loaded, "web-01").items if item.kind == "probe"}
    assert (items["db-1"].every_ms, items["db-1"].hold_ms, items["db-1"].confirm) == (30_000, 75_000, 2)
    assert items["db-1"].canary and not items["db-2"].canary
    (web,) = plan(loaded, "collector").items
    assert (web.every_ms, web.hold_ms, web.deadline_ms, web.asset) == (10_000, 25_000, 10_000, None)
    assert plan(loaded, "collector").flush_ms == 10_000


def test_parameters_are_written_out_in_full_and_the_most_special_one_wins(loaded):
    items = {(item.check, item.target): item for item in plan(loaded, "web-01").items}
    assert items["host.cpu", "web-01"].params["used"] == {"warn": 70, "crit": 95}
    assert items["host.cpu", "web-01"].params["steal"] == {"warn": 10, "crit": 30}
    assert items["host.filesystem", "web-01"].params["ignore_paths"] == ["/mnt"]
    assert items["host.cpu", "web-01"].every_ms == 30_000
    weekly = {item.check: item for item in plan(loaded, "web-01").rounds[0].items}
    assert weekly["host.cpu"].params == items["host.cpu", "web-01"].params
    assert items["host.cpu", "web-01"].item.params_digest == weekly["host.cpu"].item.params_digest


def test_one_round_owes_different_checks_on_different_kinds_of_assets_each_once():
    shares = "also: [{assets: sw-1, checks: network.device}, {assets: [web-01, web-02], checks: host.cpu}]"
    text = ESTATE.replace("checks: [host.*]}", f"checks: [host.load, host.cpu], {shares}}}", 1)
    plan_of = plan(read_estate("e.yaml", lambda _: text.encode(), installed()), "web-01")
    assert [(one.check, one.target) for one in plan_of.rounds[0].items] == [
        ("network.device", "sw-1"), ("host.cpu", "web-01"), ("host.load", "web-01"),
    ]  # fmt: skip


def test_rounds_before_holidays_become_windows_and_say_where_the_calendar_ends(loaded):
    special = plan(loaded, "web-02").rounds[1]
    by_id = {window.id: window for window in special.windows}
    assert by_id["pre-holiday/2026-05-01"] == Window(
        "pre-holiday/2026-05-01", china("2026-04-24"), china("2026-05-01"), china("2026-09-24")
    )
    assert by_id["pre-holiday/2025-01-28"].to_ms == china("2025-01-28")
    assert max(window.until_ms for window in special.windows) == china("2027-01-01")
    (note,) = provisional(loaded, shipped(), china("2027-06-01"))
    assert "pre-holiday" in note and "2027" in note and "provisional" in note
    assert provisional(loaded, shipped(), china("2026-06-01")) == []


def test_terms_carry_the_tree_with_other_systems_in_place_and_hosts_beside(loaded):
    terms = services.terms_of(loaded, "all")
    inner = {"all": ["portal-web", {"any": ["db-1", "db-2"]}]}
    assert terms.tree == {
        "weighted": {"up": 2, "degraded": 1, "weights": [1, 1], "of": [inner, "host.load@web-01"]}
    }
    assert terms.leaves["portal-web"].host == "host.load@web-01"
    assert terms.leaves["host.load@web-01"].hold_ms == 150_000
    portal = services.terms_of(loaded, "portal")
    assert portal.hours is not None and portal.hours.days == (0, 4)
    assert portal.hours.ranges == ((510, 720), (840, 1050))
    assert services.terms_of(loaded, "portal/databases/db-2").tree == "db-2"
    assert services.terms_of(loaded, "portal/2/1").tree == "db-1"
    for wrong in ("portal/3", "portal/nothing", "portal/portal-web/1", "x"):
        with pytest.raises(services.NoSuchService):
            services.terms_of(loaded, wrong)


def test_the_logged_document_reads_back_and_holds_the_files(loaded):
    made = services.document(loaded, unpacked(loaded.body), shipped())
    assert estate_terms.parse(estate_terms.encode(made)) == made
    assert [one.id for one in made.services] == ["portal", "portal/databases", "all"]
    (window,) = made.windows
    assert window.systems == ("portal",) and window.window.from_ms == china("2026-12-01T22:00")
    assert window.window.approved_at_ms is None
    assert made.files["estate"] == ESTATE


def test_several_files_are_one_logged_text_and_read_back_as_the_same_estate():
    files = {
        "e.yaml": b"estate: e\ninclude: parts/a.yaml\nunits: [{id: u}]\n",
        "parts/a.yaml": b"include: [b.yaml]\nunits: [{id: v}]",
        "parts/b.yaml": b"units: [{id: w}]\n",
    }
    made = read_estate("e.yaml", lambda name: files[name], installed())
    assert [unit.id for unit in made.estate.units] == ["u", "v", "w"]
    again = reread(made.body, installed())
    assert again.estate == made.estate and again.digest == made.digest
    assert set(unpacked(made.body)) == set(files)


def test_the_difference_is_told_in_the_estates_own_form():
    told = changes.Change("changed", "round", "r", "look", None, {"a": True, "b": ["甲", 1]})
    assert str(told) == '~ round r: look (none) -> {"a": true, "b": ["甲", 1]}'
    inner = list(
        changes._fields("asset", "a", {"p": {"x": 1, "y": {"z": 2}}}, {"p": {"x": 1, "y": {"z": 3}}})
    )
    assert [str(one) for one in inner] == ["~ asset a: p.y.z 2 -> 3"]


def test_the_difference_names_systems_looks_and_limits(loaded):
    text = (
        ESTATE.replace("warn: 70", "warn: 75").replace("every: 10s", "every: 20s").replace("99.9%", "99.5%")
    )
    text = text.replace("  - {id: web-02, kind: server, agent: web-02}\n", "").replace("web-02, ", "")
    lines = [
        str(change)
        for change in changes.between(loaded, read_estate("e", lambda _: text.encode(), installed()))
    ]
    assert "~ look host.cpu@web-01: params.used.warn 70 -> 75" in lines
    assert "~ look portal-web from collector: every_ms 10000 -> 20000" in lines
    assert "~ system portal: target [999, 1000] -> [199, 200]" in lines
    assert "- look portal-web from web-02" in lines and "- asset web-02" in lines
    assert changes.between(loaded, loaded) == []
    assert "+ system portal" in [str(change) for change in changes.between(None, loaded)]


def test_the_schema_in_the_repository_is_the_one_that_is_made():
    kept = (ROOT / "deploy/schema/estate.schema.json").read_text(encoding="utf-8")
    assert kept == schema.text()
    made = schema.schema()
    assert made["properties"]["systems"]["items"] == {"$ref": "#/$defs/System"}
    assert made["$defs"]["System"]["properties"]["service"] == {"$ref": "#/$defs/ServiceTree"}
    assert made["$defs"]["Probe"]["additionalProperties"] is False


def test_the_check_command_prints_mistakes_and_exits_with_one(tmp_path):
    file = tmp_path / "e.yaml"
    file.write_text(ESTATE.replace("99.9%", "99.9").replace("on: monday", "on: someday"))
    done = CliRunner().invoke(command, ["check", str(file)])
    assert done.exit_code == 1 and "e.yaml:12: systems[portal].target:" in done.output
    done = CliRunner().invoke(command, ["check", str(file), "--json"])
    assert [one["path"] for one in json.loads(done.output)["problems"]] == [
        "systems[portal].target",
        "rounds[weekly].on",
    ]
    assert CliRunner().invoke(command, ["check", str(tmp_path / "none.yaml")]).exit_code == 2
    file.write_text(ESTATE)
    done = CliRunner().invoke(command, ["check", str(file)])
    assert done.exit_code == 0 and "good: luohe-trading" in done.output
    assert json.loads(CliRunner().invoke(command, ["schema"]).output) == schema.schema()
