"""Device outputs: what is read agrees with the truths, and what does not fit is never read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.parsing import forms
from agent.parsing.errors import ParseError
from agent.parsing.parse import parse
from agent.parsing.text import MAX_BYTES, decode, plain

HERE = Path(__file__).parent / "outputs"
SHARED = Path(__file__).parents[3] / "shared/data/cli"
SAMPLES = sorted(HERE.glob("*/*/*.raw"))


def told(raw: Path) -> tuple[str, str]:
    return raw.parts[-3], raw.parts[-2].replace("_", " ")


@pytest.mark.parametrize("raw", SAMPLES, ids=lambda raw: raw.stem)
def test_the_fields_of_a_real_output_are_those_of_its_truth(raw: Path) -> None:
    truth = yaml.safe_load(raw.with_suffix(".yml").read_text("utf-8"))["parsed_sample"]
    rows = parse(*told(raw), raw.read_bytes())
    assert len(rows) == len(truth)
    for row, expected in zip(rows, truth, strict=True):
        assert {name: row.get(name) for name in expected} == expected


@pytest.mark.parametrize("raw", SAMPLES, ids=lambda raw: raw.stem)
def test_another_makers_output_is_never_read(raw: Path) -> None:
    platform, command = told(raw)
    for other in {"huawei_vrp", "hp_comware", "ruijie_os", "zte_zxros", "fortinet"} - {platform}:
        with pytest.raises(ParseError) as raised:
            parse(other, command, raw.read_bytes())
        assert raised.value.code in ("unparsed", "unknown_command")


CODES = ("garbled", "unparsed", "refused", "empty", "cut")

# Forms taken over that pass over lines they do not know: what they read must still not change.
LOOSE = {
    "display version",
    "show version",
    "get system ha status",
    "show environment",
    "show processes cpu",
}
# A log message may go on over any lines.
FREE = {"show logging"}


@pytest.mark.parametrize("raw", SAMPLES, ids=lambda raw: raw.stem)
def test_a_garbage_line_is_an_error_that_names_it_or_changes_nothing(raw: Path) -> None:
    platform, command = told(raw)
    lines = raw.read_bytes().split(b"\n")
    for at in {1, len(lines) // 2, len(lines)}:
        noisy = b"\n".join([*lines[:at], b"Qx7 #@! zzgarbage ~~ 9", *lines[at:]])
        try:
            rows = parse(platform, command, noisy)
        except ParseError as error:
            assert error.code == "unparsed"  # noqa: PT017 - either way
        else:
            assert command in LOOSE | FREE
            assert command in FREE or rows == parse(platform, command, raw.read_bytes())


@pytest.mark.parametrize("raw", SAMPLES, ids=lambda raw: raw.stem)
def test_bytes_no_device_writes_are_an_error_that_shows_the_line(raw: Path) -> None:
    text = raw.read_bytes()
    middle = len(text) // 2
    with pytest.raises(ParseError) as raised:
        parse(*told(raw), text[:middle] + b"\x00\x02\x7f" + text[middle:])
    assert raised.value.code == "garbled" and raised.value.line


PAGERS = ["  ---- More ----", "--More--", "---- More ----", "<--- More --->", " --More-- "]
RUBBED = ["\x1b[42D" + " " * 16 + "\x1b[42D", "\r" + " " * 16 + "\r", "\x08" * 16 + " " * 16 + "\x08" * 16]


@pytest.mark.parametrize("pager", PAGERS)
@pytest.mark.parametrize("rubbed", RUBBED)
def test_an_output_that_was_paged_reads_as_the_same(pager: str, rubbed: str) -> None:
    for raw in (
        path for path in SAMPLES if path.parent.name in ("display_power", "display_device", "show_power")
    ):
        text = raw.read_text("utf-8")
        lines = text.split("\n")
        at = len(lines) // 2
        paged = "\r\n".join([*lines[:at], pager + rubbed + lines[at], *lines[at + 1 :]])
        assert parse(*told(raw), paged) == parse(*told(raw), text), raw.name


def test_an_output_that_ends_at_the_pager_is_cut_and_not_read() -> None:
    raw = HERE / "huawei_vrp/display_device/huawei_vrp_display_device.raw"
    lines = raw.read_text("utf-8").split("\n")
    with pytest.raises(ParseError) as raised:
        parse("huawei", "display device", "\n".join([*lines[:6], "  ---- More ----"]))
    assert raised.value.code == "cut" and "More" in raised.value.line


def test_fewer_rows_than_the_device_speaks_of_are_no_reading() -> None:
    raw = next((HERE / "huawei_vrp/display_ospf_peer_brief").glob("*.raw"))
    lines = raw.read_text("utf-8").split("\n")
    with pytest.raises(ParseError) as raised:
        parse("huawei", "display ospf peer brief", "\n".join(lines[:5] + lines[6:]))
    assert raised.value.code == "cut"


def test_prompt_echo_escapes_and_line_ends_of_a_session_are_no_part_of_the_output() -> None:
    raw = HERE / "huawei_vrp/display_cpu-usage/huawei_vrp_display_cpu-usage4.raw"
    text = raw.read_text("utf-8")
    session = "\x1b[1;32m<核心-SW>\x1b[0mdisplay cpu-usage\r\n" + text.replace("\n", "\r\n") + "\r\n<核心-SW>"
    assert parse("vrp", "dis cpu", session.encode("gb18030")) == parse("vrp", "display cpu-usage", text)


def test_gbk_and_utf8_read_alike() -> None:
    text = "描述: 核心交换机"
    assert decode(text.encode("gbk")) == decode(text.encode()) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("\r\n \r\n", "empty"),
        ("Error: Unrecognized command found at '^' position.\n", "refused"),
        ("         ^\n% Invalid input detected at '^' marker.\n", "refused"),
        ("% Authorization failed.\n", "refused"),
        ("no such thing\n", "unparsed"),
    ],
)
def test_what_is_no_output_is_a_typed_error(text: str, code: str) -> None:
    with pytest.raises(ParseError) as raised:
        parse("huawei_vrp", "display power", text)
    assert raised.value.code == code


def test_a_number_that_is_none_is_not_read_as_one() -> None:
    raw = HERE / "huawei_vrp/display_cpu-usage/huawei_vrp_display_cpu-usage4.raw"
    for wrong in ("8I%", "%", "--%", "81.", "１%"):
        with pytest.raises(ParseError) as raised:
            parse("huawei", "display cpu-usage", raw.read_text("utf-8").replace("81%", wrong))
        assert "5 seconds" in raised.value.line


def test_what_is_not_known_is_said() -> None:
    for platform, command, code in (
        ("nokia", "show version", "unknown_platform"),
        ("huawei", "display nothing", "unknown_command"),
        ("huawei", "", "unknown_command"),
        ("huawei", "s s s", "unknown_command"),
        ("../..", "x", "unknown_platform"),
        ("huawei", "../../own/ruijie_os/show cpu", "unknown_command"),
    ):
        with pytest.raises(ParseError) as raised:
            parse(platform, command, "x")
        assert raised.value.code == code


def test_more_than_any_device_says_is_refused() -> None:
    with pytest.raises(ParseError) as raised:
        parse("huawei", "display power", b" " * (MAX_BYTES + 1))
    assert raised.value.code == "too_big"


def test_every_form_is_a_template_that_compiles() -> None:
    import textfsm

    for path in sorted(forms.ROOT.glob("*/*/*.textfsm")):
        with path.open(encoding="utf-8") as template:
            assert textfsm.TextFSM(template).header, path


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_rows_or_the_documented_error(raw: bytes) -> None:
    for command in ("display power", "display version", "display device"):
        try:
            assert parse("huawei_vrp", command, raw)
        except ParseError as error:
            assert error.code in CODES  # noqa: PT017 - either way


_PIECES = [
    *("<H>", "[H]", "H#", "H#show x", "% Invalid", "a b", "  x", "   ", "\n", "\r\n", "\r", "\b\b", "\b \b"),
    *(" --More-- ", "  ---- More ---- \b\b  \b\b", "Press any key", "\x1b[0m"),
]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300) | st.lists(st.sampled_from(_PIECES), max_size=9).map("".join))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    try:
        once = plain(text)
    except ParseError:
        return
    # Half of an escape is left as it is, and may be a whole one with what follows it now.
    assert "\x1b" in once or plain(once) == once


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("<H>display x\r\nrow\r\n<H>\r\n<H>", "row\n"),
        ("H(config)#show x\nrow\nH(config)#\n\nH#\n", "row\n"),
        ("H#show y\nother\nH#show x\nrow\nH#", "row\n"),
        ("row 1\n--More--\r        \r--More--\r        \rrow 2\n", "row 1\nrow 2\n"),
    ],
)
def test_what_stands_around_an_output_is_taken_off_however_often_it_is_there(text: str, lines: str) -> None:
    assert plain(text) == lines


@pytest.mark.parametrize(
    "run",
    [
        "-",
        " ",
        "=",
        "<-",
        "- ",
        "--More (",
        "---Press any ke",
        "% ",
        "%" + " " * 99_999,
        "\b ",
        "<",
        "\x1b[",
        "a#(",
    ],
    ids=repr,
)
def test_a_line_of_nothing_but_half_a_prompt_holds_nobody_up(run: str) -> None:
    """Where time grows with the square of a line, it would hold up all looks there: a line of dashes did."""
    lines = plain(f"row\n{(run * (100_000 // len(run) + 1))}x\nend\n").splitlines()
    assert (lines[0], lines[-1]) == ("row", "end")


@pytest.mark.parametrize("odd", ["1" * 5000, " " * 5000 + "x", "a " * 2500])
def test_a_line_that_no_device_prints_is_tried_by_no_form(odd: str) -> None:
    """A thousand digits took one of these forms longer than anybody would wait."""
    with pytest.raises(ParseError) as raised:
        parse("cisco_ios", "show ip ospf neighbor", f"Neighbor ID\n{odd}\n")
    assert raised.value.code == "garbled" and len(str(raised.value)) < 400


def test_thousands_of_pagers_on_one_line_are_garbled() -> None:
    with pytest.raises(ParseError) as raised:
        plain("row\n" + "--More-- " * 3000 + "\r\n")
    assert raised.value.code == "garbled"


def test_an_output_that_ends_at_the_pager_is_cut_though_a_key_was_pressed_before() -> None:
    with pytest.raises(ParseError) as raised:
        plain("row 1\n--More--\r        \r--More--")
    assert raised.value.code == "cut"


def test_the_command_prints_rows_as_text_and_json(tmp_path: Path) -> None:
    raw = HERE / "hp_comware/display_power/hp_comware_display_power6.raw"
    words = ["--platform", "h3c", "--command", "display power", str(raw)]
    done = subprocess.run(
        [sys.executable, "-m", "agent.cli", "parse", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["command"] == "display power" and found["platform"] == "hp_comware"
    assert [row["status"] for row in found["parsed_sample"]] == ["Normal", "Normal", "Fault", "Normal"]
    plainly = subprocess.run(
        [sys.executable, "-m", "agent.cli", "parse", *words], capture_output=True, text=True, timeout=120
    )
    assert "Fault" in plainly.stdout
    bad = tmp_path / "bad"
    bad.write_text("Slot 1\n  Power 1\n  State : Norm\x1b[0mal?\n")
    refused = subprocess.run(
        [sys.executable, "-m", "agent.cli", "parse", *words[:4], str(bad), "--json"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert refused.returncode == 2 and json.loads(refused.stdout)["status"] == "unparsed"
    assert "Normal?" in refused.stderr and f"unparsed: {bad}: " in refused.stderr


def test_the_recordings_beside_the_project_agree_to_97_in_a_hundred() -> None:
    if not SHARED.is_dir():
        pytest.skip("NOT TESTED: ../shared/data/cli is not there")
    agreed = due = 0
    for truth in SHARED.glob("*/*/*/*.yml"):
        raw = truth.with_suffix(".raw")
        platform, command = told(raw)
        expected = yaml.safe_load(truth.read_text("utf-8"))["parsed_sample"]
        due += sum(map(len, expected))
        try:
            rows = parse(platform, command, raw.read_bytes())
        except ParseError:
            continue
        agreed += sum(
            row.get(k) == v for row, one in zip(rows, expected, strict=False) for k, v in one.items()
        )
    assert agreed >= 0.97 * due
