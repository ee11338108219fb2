"""Any module may be imported first: no module stands, over others, on itself."""

import ast
import graphlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def named(tree: ast.AST, known) -> set[str]:
    """The modules that any import names: at the top, in a function, for types only."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                found.add(inner if inner in known else node.module)
    return found & set(known)


def graph(sources: dict[str, str]) -> dict[str, set[str]]:
    """Of each module those that it stands on; the packages around them are loaded first."""
    made = {}
    for module, text in sources.items():
        wanted = named(ast.parse(text), sources)
        # Whoever is imported, the packages around it come before it anyway.
        own = {module, *parents(module)}
        around = {one for name in wanted for one in parents(name)} & set(sources) - own
        made[module] = wanted - {module} | around
    return made


def circle(sources: dict[str, str]) -> list[str]:
    try:
        graphlib.TopologicalSorter(graph(sources)).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_no_module_of_ours_stands_on_itself():
    paths = [path for top in ("agent", "checks", "collector") for path in (ROOT / top).rglob("*.py")]
    assert len(paths) > 500
    assert circle({name_of(path): path.read_text(encoding="utf-8") for path in paths}) == []


def test_a_circle_is_found_wherever_it_hides():
    ends = {"p": "", "p.b": "from p import a\n", "p.a": "x = 1\n"}
    assert circle(ends) == []
    at_the_top = ends | {"p.a": "import p.b\n"}
    in_a_function = ends | {"p.a": "def f():\n    from p.b import x\n"}
    for_types = ends | {"p.a": "if TYPE_CHECKING:\n    from p import b\n"}
    # q.c is loaded with its package, which asks for p.b.
    over_a_package = ends | {"p.a": "import q.c\n", "q": "import p.b\n", "q.c": ""}
    for sources in (at_the_top, in_a_function, for_types, over_a_package):
        assert {"p.a", "p.b"} <= set(circle(sources))
