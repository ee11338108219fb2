"""Mistakes in a pack: each is named with file, line, path and reason, and all of them at once."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.packs.errors import PackError
from collector.packs.loading import from_file, names, packaged
from collector.packs.model import PackDataError, compiled, read_back
from collector.packs.reading import read_pack

COUNTY = Path(__file__).with_name("county.yaml").read_text()


def problems(text, **files):
    parts = {
        "main.yaml": text.encode(),
        **{name.replace("_", "."): one.encode() for name, one in files.items()},
    }

    def read(name):
        if name not in parts:
            raise FileNotFoundError(2, "No such file or directory", name)
        return parts[name]

    with pytest.raises(PackError) as caught:
        read_pack("main.yaml", read)
    return [str(problem) for problem in caught.value.problems]


CHANGES = {
    "a typo in a key": (
        "per: unit, earn",
        "pre: unit, earn",
        "scoring.lines[patrols].pre: unknown key; did you mean per?",
    ),
    "a typo in a kind": (
        "kind: security",
        "kind: securty",
        "kind: no kind of item named 'securty'; did you mean security?",
    ),
    "an unknown fact": (
        "where: {level: [major",
        "where: {levle: [major",
        "no fact of security named 'levle'; did you mean level?",
    ),
    "a missing option": (
        "{option: mercy}",
        "{option: mercie}",
        "no option named 'mercie'; did you mean mercy?",
    ),
    "a value its option lacks": (
        "map: {days: day",
        "map: {dayz: day",
        "no value of count named 'dayz'; did you mean days?",
    ),
    "a value without its word": (
        "map: {days: day, items: item}",
        "map: {days: day}",
        "value 'items' of count is missing",
    ),
    "overlapping grades": ("at_least: 40", "at_least: 46", "grades overlap or go up: 乙 from 46, 甲 from 45"),
    "a last grade with a limit": (
        "{name: 丙, share",
        "{name: 丙, at_least: 3, share",
        "the last grade takes all below",
    ),
    "limits the wrong way round": (
        "least: 0, most: 3",
        "least: 3, most: 0",
        "limits the wrong way round: 3 > 0",
    ),
    "a default that is not allowed": ("default: days", "default: weeks", "'weeks' is none of: days, items"),
    "points that do not add up": ("full: 50", "full: 60", "full points add up to 50, not 60"),
    "no rule": (", given: {kind: satisfaction, default: 2.5}", "", "exactly one of earn, given"),
    "two rules": (
        "given: {kind: satisfaction, default: 2.5}",
        "given: {kind: satisfaction}, either: {count: {kind: visit}}",
        "not both given and either",
    ),
    "no clause": ("clause: 第9条, tag", 'clause: "", tag', "clause: must not be empty"),
    "a tag that is none": (
        "第9条, tag: MANUAL",
        "第9条, tag: HUMAN",
        "'HUMAN' is none of: AUTO, SEMI, MANUAL",
    ),
    "a word for a number": ("most: 10", "most: ten", "a number is wanted here, not 'ten'"),
    "a share above all": ("share: 90%", "share: 190%", "share: is between 0 and 1"),
    "a doubled key": ("price: 600000", "price: 600000\nprice: 1", "price: key appears twice (line 6)"),
    "a doubled line": ("{id: opinion, title", "{id: papers, title", "papers is used twice"),
    "a step of nothing": ("step: 0.25", "step: 0", "must be more than 0"),
    "no periods": ("count: 6", "count: 0", "months and count are at least 1"),
    "a missing section": ("price: 600000\n", "", "price: missing"),
    "a list for a mapping": (
        "periods:\n  months",
        "periods: [1]\nperiodz:\n  months",
        "periods: a mapping is wanted here",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_mistake_is_named(name):
    old, new, reason = CHANGES[name]
    assert old in COUNTY
    said = problems(COUNTY.replace(old, new))
    assert any(reason in line for line in said), said
    assert all(line.startswith("main.yaml:") for line in said)


def test_the_line_of_the_mistake_is_told():
    number = next(i for i, line in enumerate(COUNTY.splitlines(), 1) if "each: 1.5" in line)
    assert problems(COUNTY.replace("each: 1.5", "each: x")) == [
        f"main.yaml:{number}: scoring.lines[patrols].earn.each: a number is wanted here, not 'x'"
    ]


def test_one_mistake_hides_no_other():
    text = COUNTY.replace("each: 1.5", "each: x").replace("each: 2,", "each: y,").replace("price", "prise")
    assert len(problems(text)) == 4  # two numbers, an unknown key, a missing one


def test_a_mistake_in_an_included_file_names_that_file():
    text = COUNTY.replace("price: 600000", "include: [more.yaml]")
    assert problems(text, more_yaml="colour: red\nprice: 5\n") == ["more.yaml:1: colour: unknown key"]
    assert any("more.yaml: No such file" in line for line in problems(text))
    assert "is given already" in problems(text + "price: 6\n", more_yaml="price: 5\n")[0]


def test_what_is_no_yaml_or_no_mapping_is_refused():
    assert "not YAML" in problems("a: [")[0]
    assert "a mapping of keys is wanted" in problems("- a")[0]
    assert "empty" in problems("")[0]


@pytest.mark.parametrize("name", names())
def test_a_pack_reads_back_from_its_canonical_bytes(name):
    made = packaged(name)
    again = read_back(made.body)
    assert (again.pack, again.digest) == (made.pack, made.digest)
    assert compiled(again.pack).body == made.body


def test_bytes_that_are_no_pack_or_not_canonical_are_refused():
    body = packaged("luohe-2026").body
    for bad in (
        b"",
        b"[]",
        b"\xff",
        body[:-1],
        body.replace(b'"pack"', b'"pakc"'),
        body.replace(b",", b", ", 1),
    ):
        with pytest.raises(PackDataError):
            read_back(bad)


def test_a_change_of_one_number_changes_the_digest(tmp_path):
    digests = set()
    for price in (600000, 600001):
        file = tmp_path / f"{price}.yaml"
        file.write_text(COUNTY.replace("600000", str(price)))
        digests.add(from_file(file).digest)
    assert len(digests) == 2


def test_a_name_that_no_pack_has_lists_those_there_are():
    with pytest.raises(PackError, match="huaian-2025, luohe-2026, pingdingshan-2024, pingdingshan-2025"):
        packaged("luohe")


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pack_check_explains_every_line_clause_and_option(name, lang):
    said = CliRunner().invoke(main, ["pack", "check", name, "--lang", lang])
    assert said.exit_code == 0
    pack = packaged(name).pack
    for part in (*pack.scoring.lines, *pack.scoring.deductions, *pack.scoring.fines, *pack.scoring.vetoes):
        assert part.id in said.stdout
        assert part.clause in said.stdout
    for option in pack.options:
        assert f" {option.key} = " in said.stdout
        assert (option.zh if lang == "zh" else option.en) in said.stdout
    for one in pack.obligations.obligations if pack.obligations else ():
        assert one.id in said.stdout and one.clause in said.stdout


def test_pack_check_reads_a_file_and_exits_1_for_a_mistake_and_2_for_none(tmp_path):
    file = tmp_path / "county.yaml"
    file.write_text(COUNTY)
    good = CliRunner().invoke(main, ["pack", "check", str(file)])
    assert good.exit_code == 0
    assert "某县政务云运维" in good.stdout
    body = CliRunner().invoke(main, ["pack", "check", str(file), "--json"]).stdout.rstrip("\n").encode()
    assert read_back(body).digest == from_file(file).digest
    file.write_text(COUNTY.replace("per: unit, earn", "pre: unit, earn"))
    bad = CliRunner().invoke(main, ["pack", "check", str(file)])
    assert bad.exit_code == 1
    assert "county.yaml:24: scoring.lines[patrols].pre" in bad.stderr
    assert CliRunner().invoke(main, ["pack", "check", str(tmp_path / "none")]).exit_code == 2
