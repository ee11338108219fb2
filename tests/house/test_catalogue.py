"""The catalogue names every row of the contracts' reading, and only checks that are there."""

import re
from pathlib import Path

import pytest
from parts import loaded

from checks import registry

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([^|]+?) \|")


def maker():
    return loaded("../deploy/docs/make_catalogue.py")


def rows_of_reading(text: str) -> dict[str, list[str]]:
    """Section -> items, from the tables 5.1 to 5.7."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^### ", text, flags=re.M)[1:]:
        number = part.split(" ", 1)[0]
        if re.fullmatch(r"5\.[1-7]", number):
            rows = [
                ROW.match(line).group(1) for line in part.split("\n## ")[0].splitlines() if ROW.match(line)
            ]
            found[number] = [row for row in rows if row not in ("Item", "---")]
    return found


def test_every_row_of_the_contracts_stands_in_the_catalogue(shared: Path) -> None:
    wanted = rows_of_reading((shared / "design/contracts.md").read_text(encoding="utf-8"))
    assert sum(map(len, wanted.values())) > 90
    have = {one["id"]: [row["row"] for row in one["rows"]] for one in maker().load()["sections"]}
    assert have == wanted


def page() -> tuple[dict[str, tuple[set[str], str]], dict[str, str]]:
    """What docs/catalogue.md says: row -> (checks, proof), and check -> proof."""
    rows, proofs = {}, {}
    for line in (ROOT / "docs/catalogue.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 4:
            rows[cells[0]] = set(re.findall(r"`([a-z]+\.[a-z0-9_]+)`", cells[1])), cells[2]
        elif len(cells) == 3:
            proofs[cells[0]] = cells[1]
    return rows, proofs


def test_the_page_has_every_row_and_names_only_checks_that_are_installed() -> None:
    rows, proofs = page()
    assert [row["row"] for section in maker().load()["sections"] for row in section["rows"]] == [
        row for row in rows if row not in ("row", "---")
    ]
    assert {one for ids, _ in rows.values() for one in ids} <= set(registry.ids())
    assert proofs.keys() - {"check", "---"} <= set(registry.ids())


def test_the_page_claims_no_more_proof_than_there_is() -> None:
    # It may lag behind a check that was added since; it may never be ahead.
    made = maker()
    data, order = made.load(), list(made.KINDS.values())
    rows, proofs = page()
    now = {check_id: made.KINDS[made.proof_of(data, check_id)[0]] for check_id in registry.ids()}
    assert [
        one for one, said in proofs.items() if one in now and order.index(said) < order.index(now[one])
    ] == []
    for row in (one for section in data["sections"] for one in section["rows"]):
        ids, said = rows[row["row"]]
        have = made.row_proof(data, row, ids)
        assert said == have or order.index(said) >= order.index(have), row["row"]


def test_an_id_that_is_not_installed_is_no_proof() -> None:
    made = maker()
    row = {"row": "x", "checks": ["host.nothing"]}
    assert made.row_proof(made.load(), row, {"host.cpu"}) == "none"
    assert "missing: host.nothing" in made.row_line(made.load(), row, {"host.cpu"})


def test_a_row_is_as_good_as_its_weakest_check() -> None:
    made = maker()
    data = {"proofs": {"part": {"pyproject.toml": ["host.cpu"], "gone.py": ["host.load"]}, "recording": {}}}
    assert made.proof_of(data, "host.cpu") == ("part", "pyproject.toml")
    assert made.proof_of(data, "host.load") == ("own", "tests/checks/recordings/host.load")
    row = {"row": "x", "checks": ["host.cpu", "host.load"]}
    assert made.row_proof(data, row, {"host.cpu", "host.load"}) == "own recording"


@pytest.mark.parametrize("kind", ["part", "recording"])
def test_proofs_name_only_files_in_the_repository_and_checks_by_id(kind: str) -> None:
    text = (ROOT / "deploy/docs/catalogue.yaml").read_text(encoding="utf-8")
    for path, ids in maker().load()["proofs"][kind].items():
        assert text.count(f" {path}:") == 1, "of two lines for one file the first would be lost"
        assert path.startswith(("tests/", "deploy/vm/")), path
        assert ids and all(re.fullmatch(r"[a-z]+\.[a-z0-9_]+", one) for one in ids)
