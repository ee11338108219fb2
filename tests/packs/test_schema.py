"""The JSON Schema for editors is that of the classes: what the packs hold fits it, a typo doesn't."""

import json
import re

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.estate.yaml_source import load
from collector.packs.loading import SCHEMES, names
from collector.packs.schema import schema

TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list, "null": type(None)}


def fits(value, rule, defs):
    """Whether a value fits a schema, as far as ours go."""
    if "$ref" in rule:
        return fits(value, defs[rule["$ref"].removeprefix("#/$defs/")], defs)
    if "anyOf" in rule:
        return any(fits(value, one, defs) for one in rule["anyOf"])
    if "enum" in rule:
        return value in rule["enum"]
    if not rule:
        return True
    if rule["type"] == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if type(value) is not TYPES[rule["type"]]:
        return False
    if isinstance(value, str):
        return re.search(rule.get("pattern", ""), value) is not None
    if isinstance(value, list):
        return all(fits(one, rule["items"], defs) for one in value)
    return not isinstance(value, dict) or mapping_fits(value, rule, defs)


def mapping_fits(value, rule, defs):
    known, rest = rule.get("properties", {}), rule.get("additionalProperties", {})
    if not set(rule.get("required", ())) <= set(value) or (rest is False and set(value) - set(known)):
        return False
    return all(fits(one, known.get(key, rest or {}), defs) for key, one in value.items())


@pytest.mark.parametrize("name", names())
def test_every_pack_fits_the_schema_and_a_typo_does_not(name):
    made = schema()
    value = load(f"{name}.yaml", lambda file: (SCHEMES / file).read_bytes()).value
    for section, one in value.items():
        assert fits(one, made["properties"][section], made["$defs"]), section
    assert fits(value, {key: one for key, one in made.items() if key != "$defs"}, made["$defs"])
    assert not fits({**value, "prise": 1}, made, made["$defs"])
    assert not fits({**value, "price": "much"}, made, made["$defs"])


def test_the_command_prints_it():
    said = CliRunner().invoke(main, ["pack", "schema"])
    assert said.exit_code == 0
    assert json.loads(said.stdout) == schema()
