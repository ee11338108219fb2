"""Fields as people write them and as signed bytes hold them; every kind's schema; limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.statements.fields import Field, FieldsError, Type, check, read
from collector.statements.kind import checked, written
from collector.statements.kinds import KINDS, TARGETS
from collector.statements.lateness import Late, Rule, due_ms, is_late
from collector.statements.persons import ROLES
from collector.statements.text import Text, TextError, encode, parse, unpack

DAY = 86_400_000
MIDNIGHT = 1_794_758_400_000  # 2026-11-16T00:00+08:00
SAMPLES = {
    Type.TEXT: "机房巡检",
    Type.FLAG: "true",
    Type.COUNT: "2",
    Type.DECIMAL: "28.8",
    Type.INSTANT: "2026-11-15T10:00",
    Type.DAY: "2026-11-15",
    Type.PERIOD: "2026-10",
    Type.ENTRY: "7",
}


def sample(field: Field) -> str:
    """A good value as a person writes it."""
    if field.name in ("to", "until"):
        return {Type.INSTANT: "2026-11-15T11:00", Type.DAY: "2026-12-15"}[field.type]
    return field.choices[0] if field.choices else SAMPLES.get(field.type, "portal@20261115T021530Z")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_takes_its_fields_and_is_titled_in_both_languages(kind):
    assert kind.zh and kind.en and kind.who and kind.who <= set(ROLES)
    assert all(field.zh and field.en for field in kind.fields)
    beside = (*kind.one_of[1:], *kind.not_both[1:])
    given = {field.name: sample(field) for field in kind.fields if field.name not in beside}
    made = written(kind, given)
    checked(kind, made)
    text = Text("log.example/x", kind.name, "jia", MIDNIGHT, made)
    assert parse(encode(text)) == text
    assert kind.when in ("", *(field.name for field in kind.fields))
    for field in kind.fields:
        if field.required and field.name not in kind.one_of:
            with pytest.raises(FieldsError, match=f"^{field.name}: is missing") as refused:
                written(kind, {name: value for name, value in given.items() if name != field.name})
            assert refused.value.field == field.name


def test_what_an_entry_may_name_is_a_kind():
    assert TARGETS.keys() <= KINDS.keys()
    assert {one for named in TARGETS.values() for one in named} <= KINDS.keys()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Type.COUNT, "-1"),
        (Type.COUNT, "1.5"),
        (Type.COUNT, "٣"),
        (Type.COUNT, "9" * 20),
        (Type.DECIMAL, "1e3"),
        (Type.DECIMAL, "nan"),
        (Type.DECIMAL, "1.23456"),
        (Type.DECIMAL, "-1"),
        (Type.FLAG, "maybe"),
        (Type.INSTANT, "soon"),
        (Type.INSTANT, "1900-01-01"),
        (Type.TEXT, "\udcff"),
        (Type.ID, "\udcff"),
        (Type.INSTANT, "99999-01-01"),
        (Type.DAY, "2026-02-29"),
        (Type.PERIOD, "2026-13"),
        (Type.PERIOD, "today"),
        (Type.ID, "a b"),
        (Type.ID, ""),
        (Type.TEXT, "x" * 501),
        (Type.TEXT, "a\x00b"),
        (Type.TEXT, "同意\u202e不"),
        (Type.ID, "a\x00b"),
        (Type.ID, "a\u2066b"),
        (Type.WORD, "other"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_field(kind, text):
    with pytest.raises(FieldsError) as refused:
        read(Field("f", kind, "字段", "field", choices=("one",) if kind is Type.WORD else ()), text)
    assert (refused.value.code, refused.value.field) == ("bad_field", "f")


@given(st.sampled_from(list(Type)), st.text(max_size=30))
def test_any_text_is_read_or_refused_and_what_was_read_is_good_in_signed_bytes(kind, text):
    field = Field("f", kind, "字段", "field", choices=("one", "two") if kind is Type.WORD else ())
    try:
        value = read(field, text)
    except FieldsError:
        return
    check(field, value)


@given(st.sampled_from(list(Type)), st.none() | st.booleans() | st.integers() | st.text(max_size=20))
def test_any_value_in_signed_bytes_is_good_or_refused(kind, value):
    field = Field("f", kind, "字段", "field", choices=("one", "two") if kind is Type.WORD else ())
    try:
        check(field, value)
    except FieldsError:
        return
    assert type(value) in (str, int, bool)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_text_or_a_refusal(data):
    for reader in (parse, unpack):
        with pytest.raises(TextError):
            reader(data)


def test_limits_are_measured_as_they_say():
    fields = {"at": MIDNIGHT, "from": MIDNIGHT, "day": "2026-11-16", "period": "2026-11", "text": "x"}
    assert due_ms(Late(), fields) is None
    assert due_ms(Late(Rule.AFTER, "at", 24), fields) == MIDNIGHT + DAY
    assert due_ms(Late(Rule.AFTER, "day", 24), fields) == MIDNIGHT + 2 * DAY
    assert due_ms(Late(Rule.BEFORE, "from", 72), fields) == MIDNIGHT - 3 * DAY
    assert due_ms(Late(Rule.PERIOD_END, "period"), fields) == MIDNIGHT + 15 * DAY
    assert due_ms(Late(Rule.PERIOD_END, "period"), {"period": "cycle-2"}) is None
    assert due_ms(Late(Rule.AFTER, "at", 24), {}) is None
    assert not is_late(Late(Rule.BEFORE, "from"), fields, MIDNIGHT - 1)
    assert is_late(Late(Rule.BEFORE, "from"), fields, MIDNIGHT)
