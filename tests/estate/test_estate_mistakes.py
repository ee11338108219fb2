"""Mistakes in an estate file: each is found, named by file, line and path, and none hides another."""

import pytest

from collector.estate.catalog import installed
from collector.estate.errors import EstateError
from collector.estate.loading import read_estate

BASE = """estate: e
units: [{id: u, name: U}]
systems:
  - {id: s, unit: u, service: {all: [web, host.cpu@h]}, target: 99.9%}
assets:
  - {id: h, kind: server, agent: a}
  - {id: sw, kind: switch, via: a}
probes:
  - {id: web, check: service.tcp, from: [a, collector], every: 10s, params: {host: x, port: 1}}
checks:
  - {check: host.cpu, assets: all, every: 1m}
rounds:
  - {id: weekly, every: week, on: monday, window: "09:00-17:00", assets: all, checks: all}
windows:
  - {id: w, from: 2026-12-01T22:00, to: 2026-12-01T23:00, systems: all}
notify: [{when: fault, to: "wecom://room"}]
"""


def problems(text: str, **files: str) -> list[tuple[str, int, str, str]]:
    every = {"e.yaml": text, **{f"{name}.yaml": part for name, part in files.items()}}

    def read(name: str) -> bytes:
        if name not in every:
            raise FileNotFoundError(2, "No such file or directory", name)
        return every[name].encode()

    try:
        read_estate("e.yaml", read, installed())
    except EstateError as error:
        return [(p.file, p.line, p.path, p.reason) for p in error.problems]
    return []


def one(text: str, **files: str) -> tuple[str, int, str, str]:
    found = problems(text, **files)
    assert len(found) == 1, found
    return found[0]


def test_the_base_of_these_tests_has_no_mistake():
    assert problems(BASE) == []


MISTAKES = [
    # (replace, with, line, path, part of the reason)
    ("estate: e\n", "", 1, "estate", "missing"),
    ("estate: e", "estate: e e", 1, "estate", "letters, digits"),
    ("notify:", "notfy:", 16, "notfy", "did you mean notify?"),
    (
        "kind: server, agent: a",
        "kind: server, agnet: a, agent: a",
        6,
        "assets[h].agnet",
        "did you mean agent?",
    ),
    ("unit: u, service", "unit: u, unit: u, service", 4, "systems.0.unit", "twice"),
    ("every: 10s", "every: 10", 9, "probes[web].every", "10 is no duration"),
    ("every: 10s", "every: 10x", 9, "probes[web].every", "'10x' is no duration"),
    ("every: 10s", "every: 500ms", 9, "probes[web].every", "at least 1s"),
    ("every: 10s", "every: 0s", 9, "probes[web].every", "at least 1s"),
    ("every: 10s", "interval: 0s", 9, "probes[web].every", "at least 1s"),
    ("every: 10s", "every: 10s, hold: 0s", 9, "probes[web].hold", "twice the interval"),
    ("every: 10s", "every: 10s, deadline: 0s", 9, "probes[web].deadline", "longer than nothing"),
    ("every: 1m", "every: 0s", 11, "checks[0].every", "at least 1s"),
    ("every: 1m", "every: 1m, deadline: 0s", 11, "checks[0].deadline", "longer than nothing"),
    ("every: week", "every: week, deadline: 0s", 13, "rounds[weekly].deadline", "longer than nothing"),
    ("every: 10s", "every: 10s, hold: 20s", 9, "probes[web].hold", "twice the interval"),
    ("every: 10s", "every: 10s, deadline: 11s", 9, "probes[web].deadline", "not be longer"),
    ("every: 10s", "every: 10s, interval: 10s", 9, "probes[web].interval", "every says it already"),
    ("every: 10s", "every: 4s", 9, "probes[web].params.timeout_ms", "shorter than the interval"),
    ("99.9%", "99.9", 4, "systems[s].target", "write it as in 99.9%"),
    ("99.9%", "101%", 4, "systems[s].target", "more than 100%"),
    ("unit: u, s", "unit: x, s", 4, "systems[s].unit", "no unit x"),
    ("{id: h, kind: server,", "{id: h, kind: server, system: t,", 6, "assets[h].system", "no system t"),
    ("via: a", "via: b", 7, "assets[sw].via", "no agent b"),
    ("[a, collector]", "[a, b]", 9, "probes[web].from", "no agent b"),
    ("[a, collector]", "[]", 9, "probes[web].from", "at least one"),
    ("id: web, check", "id: web, asset: hh, check", 9, "probes[web].asset", "no asset hh; did you mean h?"),
    ("all: [web,", "all: [wep,", 4, "systems[s].service", "no probe or system wep; did you mean web?"),
    ("host.cpu@h", "host.cpu@sw", 4, "systems[s].service", "nothing under checks looks at host.cpu on sw"),
    ("host.cpu@h", "host.cpus@h", 4, "systems[s].service", "no check host.cpus; did you mean host.cpu?"),
    ("{all: [web, host.cpu@h]}", "{all: []}", 4, "systems[s].service.all", "at least one"),
    ("{all: [web, host.cpu@h]}", "{every: [web]}", 4, "systems[s].service.every", "unknown key"),
    ("{all: [web, host.cpu@h]}", "{quorum: {up: 2, of: [web]}}", 4, "systems[s].service.quorum", "<= 1"),
    (
        "{all: [web, host.cpu@h]}",
        "{weighted: {up: 1, of: {web: x}}}",
        4,
        "systems[s].service.weighted.of.web",
        "whole",
    ),
    ("{all: [web, host.cpu@h]}", "{all: [s, web]}", 4, "systems[s].service", "s -> s"),
    ("id: web, check", "id: s, check", 9, "probes[s].id", "the id of a system too"),
    ("id: sw, kind", "id: h, kind", 7, "assets[h].id", "another member of assets"),
    ("via: a", "agent: a", 7, "assets[sw].agent", "a runs on h already"),
    ("check: service.tcp", "check: service.tpc", 9, "probes[web].check", "not installed"),
    ("check: service.tcp", "check: host.cpu", 9, "probes[web].check", "not at a service"),
    ("params: {host: x, port: 1}", "params: {host: x}", 9, "probes[web].params.port", "missing"),
    (
        "params: {host: x, port: 1}",
        "params: {host: x, port: one}",
        9,
        "probes[web].params.port",
        "whole number",
    ),
    (
        "params: {host: x, port: 1}",
        "params: {host: x, port: 1.5}",
        9,
        "probes[web].params.port",
        "whole number",
    ),
    (
        "params: {host: x, port: 1}",
        "params: {host: x, port: 1, prt: 2}",
        9,
        "probes[web].params.prt",
        "unknown key",
    ),
    ("from: [a", "host: web2, from: [a", 9, "probes[web].host", "no probe web2; did you mean web?"),
    ("[a, collector],", "[a], min_vantages: 2,", 9, "probes[web].min_vantages", "only 1"),
    (
        "check: host.cpu, assets: all",
        "check: host.gpu, assets: all",
        11,
        "checks[0].check",
        "no installed check",
    ),
    ("assets: all, every: 1m", "assets: [h, hh], every: 1m", 11, "checks[0].assets", "no asset hh"),
    (
        "assets: all, every: 1m",
        "assets: [h, sw], every: 1m",
        11,
        "checks[0].assets",
        "nobody can run host.cpu on sw",
    ),
    ("every: 1m}", "every: 1m, params: {used: {warn: 80}}}", 11, "checks[0].params.used.crit", "missing"),
    (
        "every: 1m}",
        "every: 1m, params: {used: {warn: 90, crit: 80}}}",
        11,
        "checks[0].params.used",
        "above crit",
    ),
    ("every: week, ", "", 13, "rounds[weekly].every", "when it is due"),
    ("on: monday", "on: mnday", 13, "rounds[weekly].on", "weekday"),
    ("09:00-17:00", "9-17", 13, "rounds[weekly].window", "HH:MM-HH:MM"),
    (
        "assets: all, checks: all",
        "assets: all, checks: absent.*",
        13,
        "rounds[weekly].checks",
        "no installed check",
    ),
    (
        "assets: all, checks: all",
        "assets: kind:ups, checks: all",
        13,
        "rounds[weekly].assets",
        "names no asset",
    ),
    (
        "checks: all",
        "checks: all, also: [{assets: swx, checks: all}]",
        13,
        "rounds[weekly].also[0].assets",
        "no asset swx",
    ),
    (
        "checks: all",
        "checks: all, also: [{assets: all, checks: hots.cpu}]",
        13,
        "rounds[weekly].also[0].checks",
        "names no",
    ),
    ("assets: all, checks: all", "assets: sw, checks: all", 13, "rounds[weekly]", "owes nothing"),
    (
        'every: week, on: monday, window: "09:00-17:00"',
        "before: [xmas], days: 3",
        13,
        "rounds[weekly].before",
        "no holiday",
    ),
    (
        'every: week, on: monday, window: "09:00-17:00"',
        "before: new-year",
        13,
        "rounds[weekly].days",
        "missing",
    ),
    ("every: week,", "every: week, days: 3,", 13, "rounds[weekly].days", "goes with before only"),
    ("to: 2026-12-01T23:00", "to: 2026-12-01T21:00", 15, "windows[w].to", "not after from"),
    ("to: 2026-12-01T23:00", "to: tomorrow", 15, "windows[w].to", "no instant"),
    ("systems: all}", "systems: [x]}", 15, "windows[w].systems", "no system x"),
    ("wecom://room", "room", 16, "notify[0].to", "an address such as jsons://host/path"),
    ("when: fault", "when: lunch", 16, "notify[0].when", "none of"),
    ("estate: e\n", "estate: e\ntimezone: Asia/Atlantis\n", 2, "timezone", "no time zone"),
    ("estate: e\n", "estate: e\nbackups: [{id: b}]\n", 2, "backups[b].id", "unknown key"),
    (
        "estate: e\n",
        "estate: e\ncontract: {pack: luohe-2026, start: 2026-06-10, end: 2027-06-09}\n",
        2,
        "contract.end",
        "unknown key",
    ),
    ("estate: e\n", "estate: e\ncontract: {pack: p, start: soon}\n", 2, "contract.start", "no day"),
    ("estate: e\n", "estate: e\ncontract: {pack: p}\n", 2, "contract.start", "missing"),
    (
        "estate: e\n",
        "estate: e\ncontract: {pack: luohe-2025, start: 2026-06-10}\n",
        2,
        "contract.pack",
        "did you mean luohe-2026",
    ),
    (
        "estate: e\n",
        "estate: e\ncontract: {pack: luohe-2026, start: 2026-06-10, options: {cuont: literal}}\n",
        2,
        "contract.options.cuont",
        "did you mean count",
    ),
    (
        "estate: e\n",
        "estate: e\ncontract: {pack: luohe-2026, start: 2026-06-10, options: {count: often}}\n",
        2,
        "contract.options.count",
        "distinct_weeks",
    ),
    ("units: [{id: u, name: U}]", "units: {id: u}", 2, "units", "a list is wanted"),
    ("99.9%", "99.9%, core: yes", 4, "systems[s].core", "true or false"),
    ("99.9%", '99.9%, hours: {days: [mon], ranges: ["08:00-09:00"]}', 4, "systems[s].hours.days", "weekday"),
    (
        "99.9%",
        '99.9%, hours: {days: cn_workdays, ranges: ["9-10"]}',
        4,
        "systems[s].hours.ranges[0]",
        "stretch",
    ),
    (
        "99.9%",
        "99.9%, in_service: [{from: 2027-01-01, to: 2026-01-01}]",
        4,
        "systems[s].in_service[0]",
        "end after",
    ),
    (
        "kind: server, agent",
        "params: {net.*: {}}, kind: server, agent",
        6,
        "assets[h].params.net.*",
        "no installed",
    ),
    (
        "kind: server, agent",
        "params: {host.cpu: {use: 1}}, kind: server, agent",
        6,
        "assets[h].params.host.cpu.use",
        "unknown",
    ),
    ("estate: e", "estate: !!python/name:os.system e", 1, "estate", "tag"),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "reason"), MISTAKES, ids=[m[1][:40] for m in MISTAKES]
)
def test_a_mistake_is_named_by_line_path_and_reason(old, new, line, path, reason):
    assert BASE.count(old) == 1, old
    found = problems(BASE.replace(old, new))
    mine = [r for file, at, where, r in found if (file, at, where) == ("e.yaml", line, path)]
    assert any(reason in text for text in mine), found


def test_every_mistake_is_reported_at_once():
    text = BASE
    for old, new in [
        ("unit: u, s", "unit: x, s"),
        ("every: 10s", "every: 10"),
        ("on: monday", "on: mnday"),
        ("when: fault", "when: lunch"),
        ("kind: switch,", "kinds: switch,"),
    ]:
        text = text.replace(old, new)
    assert [(line, path) for _, line, path, _ in problems(text)] == [
        (4, "systems[s].unit"),
        (7, "assets[sw].kind"),
        (7, "assets[sw].kinds"),
        (9, "probes[web].every"),
        (13, "rounds[weekly].on"),
        (16, "notify[0].when"),
    ]


def test_an_unknown_key_does_not_hide_the_other_mistakes_of_its_member():
    odd = BASE.replace("{id: sw, kind: switch, via: a}", "{id: sw, kind: switch, colour: red, via: nobody}")
    odd = odd.replace("assets: all, checks: all}", "assets: [hh], colour: red, checks: [host.cpuu]}")
    paths = [path for _, _, path, _ in problems(odd)]
    assert paths == [
        "assets[sw].colour", "assets[sw].via",
        "rounds[weekly].assets", "rounds[weekly].checks", "rounds[weekly].colour",
    ]  # fmt: skip


def test_a_member_that_cannot_be_read_does_not_make_those_that_name_it_wrong():
    (found,) = problems(BASE.replace("kind: server, agent: a", "kind: server, agent: a, serail: 1"))
    assert found[2] == "assets[h].serail"


def test_yaml_1_1_is_not_allowed_to_change_what_is_written():
    text = (
        BASE.replace("name: U", "name: no")
        .replace("on: monday", "on: 'monday'")
        .replace("id: u,", "id: 010,")
    )
    text = text.replace("unit: u", "unit: 010")
    loaded = read_estate("e", lambda _: text.encode(), installed())
    assert (loaded.estate.units[0].id, loaded.estate.units[0].name) == ("010", "no")
    text = BASE.replace("on: monday, window", "on: monday, name: 22:30, window")
    assert read_estate("e", lambda _: text.encode(), installed()).estate.rounds[0].name == "22:30"


def test_what_is_no_yaml_is_named_by_line():
    assert one(BASE + "rounds: [\n")[1] >= 17
    assert one("a: [\n")[2] == "(file)"
    assert "not YAML" in one("a: b: c\n")[3]
    assert one("- a\n")[3] == "a mapping of keys is wanted here"
    assert one("a: \x00\n")[0] == "e.yaml"


def test_a_bomb_of_aliases_ends_in_a_plain_error():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    found = problems("\n".join(lines))
    assert any("too large" in reason for *_, reason in found)
    assert any("nested too deeply" in reason for *_, reason in problems("a: &a [*a]\n"))


def test_systems_that_lead_back_to_each_other_are_a_circle():
    text = BASE.replace(
        "systems:\n", "systems:\n  - {id: s1, service: s2}\n  - {id: s2, service: {any: [web, s1]}}\n"
    )
    assert [(line, reason.partition(": ")[2]) for _, line, _, reason in problems(text)] == [
        (4, "s1 -> s2 -> s1"),
        (5, "s2 -> s1 -> s2"),
    ]


def test_a_system_in_a_tree_must_have_a_service_of_its_own():
    text = BASE.replace("systems:\n", "systems:\n  - {id: dark}\n").replace("all: [web", "all: [dark, web")
    assert one(text)[3] == "system dark has no service of its own"


def test_hosts_in_a_circle_are_found():
    more = "  - {id: p2, host: p3, check: service.tcp, from: a, params: {host: x, port: 1}}\n"
    more += "  - {id: p3, host: p2, check: service.tcp, from: a, params: {host: x, port: 1}}\nchecks:"
    found = problems(BASE.replace("checks:", more, 1))
    assert [reason for *_, reason in found] == [
        "is its own host: p2 -> p3 -> p2",
        "is its own host: p3 -> p2 -> p3",
    ]


def test_two_systems_that_want_different_things_of_one_probe_are_a_mistake():
    text = BASE.replace("systems:\n", "systems:\n  - {id: s2, service: web, confirm: 3}\n")
    assert problems(text) == []
    text = text.replace("id: s, unit", "id: s, confirm: 4, unit")
    assert "confirm is given differently by the systems s2, s" in one(text)[3]


def test_two_entries_for_one_look_are_a_mistake_and_an_exact_one_wins_over_a_pattern():
    text = BASE.replace("checks:\n", "checks:\n  - {check: host.c*, assets: all, every: 2m}\n", 1)
    loaded = read_estate("e", lambda _: text.encode(), installed())
    assert [look.every_ms for look in loaded.regular if look.check.id == "host.cpu"] == [60_000]
    text = BASE.replace("checks:\n", "checks:\n  - {check: host.cpu, assets: h, every: 2m}\n", 1)
    assert one(text)[3] == "host.cpu on h is given already by checks[0]"


def test_mistakes_in_included_files_carry_their_own_name_and_line():
    text = BASE.replace("estate: e\n", "estate: e\ninclude: [more.yaml]\n")
    more = "# more\nassets:\n  - {id: h2, kind: server, via: nobody}\n  - {id: h3, kind: server, agnet: z}\n"
    assert [p[:3] for p in problems(text, more=more)] == [
        ("more.yaml", 3, "assets[h2].via"),
        ("more.yaml", 4, "assets[h3].agnet"),
    ]
    assert "is given already in e.yaml:1" in one(text, more="estate: f\n")[3]


def test_includes_that_are_absent_outside_or_in_a_circle_are_named():
    text = BASE.replace("estate: e\n", "estate: e\ninclude: [more.yaml]\n")
    assert one(text) == ("e.yaml", 2, "include", "more.yaml: No such file or directory")
    listed = text.replace("[more.yaml]", "\n  - more.yaml\n  - deep.yaml")
    found = one(listed, more="units: []\ninclude: [absent.yaml]\n", deep="units: []\n")
    assert found == ("more.yaml", 2, "include", "absent.yaml: No such file or directory")
    assert one(listed, more="units: []\n")[:2] == ("e.yaml", 4)
    assert "only files beside" in one(text.replace("more.yaml", "../more.yaml"))[3]
    assert "only files beside" in one(text.replace("more.yaml", "/more.yaml"))[3]
    found = one(text, more="include: e.yaml\n")
    assert found == ("more.yaml", 1, "include", "files include each other: e.yaml -> more.yaml -> e.yaml")
    assert (
        "included twice" in one(text.replace("[more.yaml]", "[more.yaml, more.yaml]"), more="units: []\n")[3]
    )


def test_an_empty_file_misses_its_name():
    assert one("\n") == ("e.yaml", 1, "(file)", "the file is empty")
