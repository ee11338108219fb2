"""`obligations DIR ID`, and what `estate check` and `estate apply` say of the contract."""

import json

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.estate.contract_notes import changed, kinds_of, start_note
from collector.estate.model import Contract


def run(*words):
    made = CliRunner().invoke(main, [str(word) for word in words])
    assert made.exception is None or isinstance(made.exception, SystemExit), made.output
    return made.exit_code, made.output


@pytest.fixture
def asked(month):
    """The command without an id, for a month that is over."""
    return "obligations", month.world.directory, "--period", "2026-07", "--as-of", "2026-08-10"


def test_one_obligation_is_shown_with_its_rows_and_their_entries(asked):
    code, text = run(*asked[:2], "LH-31", *asked[2:])
    lines = text.splitlines()
    assert code == 0 and len(lines) == 3 + 10
    assert lines[1].startswith("LH-31\tkept") and "每个单位每周至少巡检1次" in lines[2]
    assert sum("\tinspection\tdone\tentries " in line for line in lines) == 8
    assert sum("\tinspection\tdone, 4 of 4\tentries " in line for line in lines) == 2


def test_what_people_handed_in_is_listed_and_a_broken_one_ends_with_1(asked):
    code, text = run(*asked[:2], "LH-30", *asked[2:])
    assert code == 0 and "filed visit, entry " in text and "not_proven, no_statement\tno entries" in text
    assert run(*asked[:2], "LH-33", *asked[2:])[0] == 1
    made = json.loads(run(*asked[:2], "LH-33", *asked[2:], "--json")[1])
    assert [one["id"] for one in made["obligations"]] == ["LH-33"]


def test_an_id_that_is_not_there_names_the_near_one(asked):
    code, text = run(*asked[:2], "LH-3l", *asked[2:])
    assert code == 2 and text.startswith(
        "roundseal-collector: luohe-2026 has no obligation LH-3l; did you mean LH-"
    )
    code, text = run(*asked[:2], "X", *asked[2:])
    assert code == 2 and text.endswith("no obligation X; there are LH-01 to LH-44\n")


def test_a_kind_of_unit_that_the_pack_does_not_name_is_refused_with_what_there_is(tmp_path, luohe):
    assert kinds_of("luohe-2026") == ("line_rental", "purchased_service")
    file = tmp_path / "e.yaml"
    file.write_text(luohe.ESTATE.replace("name: 县级中心}", "name: 县级中心, kind: line_rentl}"))
    code, text = run("estate", "check", file)
    assert (
        code == 1
        and "e.yaml:6: units[county].kind: no kind of unit line_rentl; did you mean line_rental?" in text
    )
    assert "there are: unit, line_rental, purchased_service" in text
    file.write_text(luohe.ESTATE.replace("name: 县级中心}", "name: 县级中心, kind: line_rental}"))
    assert run("estate", "check", file)[0] == 0


def test_a_contract_that_goes_or_moves_is_said_before_it_is_applied(site, luohe, tmp_path):
    site.apply()
    site.context.close()
    file = tmp_path / "e.yaml"
    found = {
        "": "",
        "contract: {pack: luohe-2026, start: 2026-06-10}\n": "contract: removed; its periods go on being"
        " judged by luohe-2026, none is sealed",
        "luohe-2026, start: 2026-06-10": "contract: luohe-2026 becomes pingdingshan-2024",
        "2026-06-10": "contract.start: 2026-06-10 becomes 2099-01-01",
    }
    news = {
        "luohe-2026, start: 2026-06-10": "pingdingshan-2024, start: 2026-06-10",
        "2026-06-10": "2099-01-01",
    }
    for old, said in found.items():
        file.write_text(luohe.ESTATE.replace(old, news.get(old, "")) if old else luohe.ESTATE)
        code, text = run("estate", "apply", site.world.directory, file, "--dry-run")
        assert code == 0, text
        assert (said in text) if said else ("contract" not in text), text
    assert "contract.start: 2099-01-01 is more than a year ahead" in text


def test_what_is_sealed_is_named_and_an_option_says_from_when():
    old, new = (
        Contract("luohe-2026", "2026-06-10"),
        Contract("luohe-2026", "2026-06-10", {"count": "literal"}),
    )
    (said,) = changed(old, new, {"2026-07", "2026-06"})
    assert said.endswith("sealed ones stay as they are (2026-06, 2026-07)") and "another reading" in said
    assert list(changed(None, new, ())) == list(changed(new, new, ())) == []


def test_a_start_long_ago_is_asked_about():
    from datetime import date

    assert "five years ago" in next(start_note(Contract("luohe-2026", "1990-01-01"), date(2026, 7, 1)))
    assert list(start_note(Contract("luohe-2026", "2026-06-10"), date(2026, 7, 1))) == []
    assert list(start_note(None, date(2026, 7, 1))) == []
