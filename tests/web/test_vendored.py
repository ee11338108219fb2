"""Files of others: exactly those listed, unchanged, with their licences; nothing is fetched from anywhere."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

import collector.web

STATIC = Path(collector.web.__file__).parent / "static"
PLACES = [STATIC / "vendor", Path(__file__).parent / "vendor"]


@pytest.mark.parametrize("place", PLACES, ids=["pages", "tests"])
def test_every_vendored_file_is_the_listed_one(place: Path) -> None:
    listed = json.loads((place / "VENDORED.json").read_text())
    for row in listed:
        assert sha256((place / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]
        assert (place / row["licence_file"]).read_text().strip()
        assert row["version"] and row["licence"] and row["package"]
    known = {row["file"] for row in listed} | {row["licence_file"] for row in listed}
    known |= {"VENDORED.json", "VENDORED.md"}
    there = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert there - known == set()


def test_the_readable_list_is_the_same() -> None:
    text = (STATIC / "vendor" / "VENDORED.md").read_text()
    for row in json.loads((STATIC / "vendor" / "VENDORED.json").read_text()):
        assert row["sha256"] in text and row["version"] in text and row["licence"] in text


def test_no_page_and_no_style_loads_anything_from_elsewhere() -> None:
    templates = Path(collector.web.__file__).parent / "templates"
    for path in (
        *templates.glob("*.html"),
        STATIC / "app.css",
        STATIC / "app.js",
        STATIC / "vendor" / "tabler.min.css",
    ):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"""(?:src|href|action)=["']?(?:https?:)?//""", text), path.name
        assert not re.search(r"url\(['\"]?(?:https?:)?//", text), path.name
        assert "@import" not in text, path.name


def test_every_icon_that_pages_use_is_in_the_sheet() -> None:
    sheet = (STATIC / "vendor" / "icons.svg").read_text()
    have = set(re.findall(r'<symbol id="([^"]+)"', sheet))
    web = Path(collector.web.__file__).parent
    used = {
        name
        for path in web.glob("templates/*.html")
        for name in re.findall(r'icon\("([a-z0-9-]+)"\)', path.read_text())
    }
    from collector.web.pages import LOOKS, MENU

    used |= {icon for _, icon in LOOKS.values()} | {icon for _, icon, _ in MENU}
    assert used - have == set()
    assert have - used == set(), "icons nobody uses"
