"""The shape of the code: what style and rules of the house can be measured."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(p for d in ("agent", "checks", "collector") for p in (ROOT / d).rglob("*.py"))
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
).stdout.split("\n")


def functions(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_function_is_longer_than_sixty_lines():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in CODE
        for node in functions(path)
        if node.end_lineno - node.lineno + 1 > 60
    ]
    assert long == []


def test_no_file_is_longer_than_five_hundred_lines():
    beside = sorted(p for d in ("deploy", "tests") for p in (ROOT / d).rglob("*.py"))
    assert [str(p.relative_to(ROOT)) for p in (*CODE, *beside) if len(p.read_text().splitlines()) > 500] == []


def test_whatever_is_excused_says_why():
    excuse = re.compile(
        r"#\s*(?:noqa|type: ignore)\b(?::\s*[A-Z]+[0-9]++(?:,\s*[A-Z]+[0-9]++)*+|\[[a-z, -]+\])(?!\s+\S)"
    )
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in CODE
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
        if excuse.search(line) or re.search(r"#\s*(?:noqa|type: ignore)(?![:\[])", line)
    ]
    assert bare == []


def test_no_test_folder_is_a_package():
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_the_kernel_imports_only_the_standard_library_and_itself():
    import sys

    allowed = {*sys.stdlib_module_names, "checks"}
    # Signatures may use the libraries that are there (rulings, Code).
    excused = {"signing.py": {"nacl", "cryptography"}}
    odd = []
    for path in sorted((ROOT / "checks").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            for name in names:
                top = name.partition(".")[0]
                if top not in allowed | excused.get(path.name, set()):
                    odd.append(f"{path.relative_to(ROOT)}: {name}")
    assert odd == []


@pytest.mark.parametrize(
    "pattern", [r"/work/(main|shared)", r"/root/\.", r"(?<![\w.])1[3-9]\d{9}(?![\w.])", r"/opt/pypi"]
)
def test_no_path_of_a_machine_and_no_phone_number_is_in_the_repository(pattern):
    texts = (".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".txt", ".cfg", ".lock", ".html", ".service")
    found = []
    for name in TRACKED:
        path = ROOT / name
        if name.endswith(texts) and path.is_file() and path != Path(__file__):
            for hit in re.finditer(pattern, path.read_text(encoding="utf-8", errors="replace")):
                found.append(f"{name}: {hit.group(0)}")
    assert found == []


def test_the_lock_files_name_no_address():
    for lock in (ROOT / "deploy").glob("*.lock"):
        assert "://" not in lock.read_text()


def test_every_range_in_pyproject_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = (ROOT / "deploy/requirements-dev.lock").read_text().lower()
    names = {
        re.sub(r"[_.]+", "-", re.match(r"[A-Za-z0-9_.-]+", wanted).group(0).lower())
        for extra in project["optional-dependencies"].values()
        for wanted in extra
    }
    assert [n for n in sorted(names) if not re.search(rf"^{re.escape(n)}==", locked, re.MULTILINE)] == []
