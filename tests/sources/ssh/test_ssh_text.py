"""What a terminal would show: any bytes give text without control characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources import ssh_dialects as dialects
from agent.sources.ssh_text import clean, decode, whole_lines

PIECES = st.lists(
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from(
            [
                b"\x1b[42D",
                b"\x1b[K",
                b"\x1b[2K",
                b"\b",
                b"\r",
                b"\r\n",
                b"\x1b[",
                b"\x1b[31m",
                "磁盘".encode("gbk"),
            ]
        ),
    ),
    max_size=40,
).map(b"".join)


@given(PIECES)
def test_any_bytes_become_text_without_control_characters(data):
    shown = clean(decode(data))
    assert all(sign in "\n\t" or (sign >= " " and sign != "\x7f") for sign in shown)
    assert not any(line != line.rstrip() for line in shown.split("\n"))
    dialects.trouble(shown), dialects.MORE.search(shown), dialects.PROMPT.match(shown)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("  ---- More ----\x1b[42D" + " " * 42 + "\x1b[42Dnext line", "next line"),
        (" --More-- " + "\b" * 10 + " " * 10 + "\b" * 10 + "next", "next"),
        ("--More--\r        \rnext", "next"),
        ("long line\x1b[2K\rshort", "short"),
        ("abc\x1b[2Dx\x1b[K", "ax"),
        ("\x1b]0;title\x07\x1b[1;31mred\x1b[0m", "red"),
        ("a\x1b[999999999Cb", "a" + " " * 511 + "b"),
        ("plain\r\nlines  \r\n", "plain\nlines\n"),
    ],
)
def test_control_sequences_are_carried_out(sent, shown):
    assert clean(sent) == shown


def test_text_in_gbk_and_utf_8_is_told_apart_and_cut_lines_are_dropped():
    assert decode("风扇 正常".encode("gbk")) == decode("风扇 正常".encode()) == "风扇 正常"
    assert whole_lines(b"one\ntwo\nthr") == b"one\ntwo\n" and whole_lines(b"no end") == b""


@pytest.mark.parametrize(
    ("last", "waits"),
    [
        ("---- More ----", True),
        ("--More--", True),
        (" --More--  (42%)", True),
        ("<--- More --->", True),
        ("-" * 200_000 + " More", True),
        # A line that a device draws: from each of its dashes on it was read to its end.
        ("-" * 200_000, False),
        ("-" * 200_000 + " less", False),
        ("- More -", False),
    ],
    ids=lambda one: str(one)[-20:].strip(),
)
def test_the_foot_of_a_page_is_known_after_any_number_of_dashes(last, waits):
    assert bool(dialects.MORE.search(last)) is waits


@pytest.mark.parametrize(
    ("line", "is_prompt"),
    [
        ("<HUAWEI>", True),
        ("[~HUAWEI-GE1/0/1]", True),
        ("switch#", True),
        ("FGT60E (global) #", True),
        ("user@host:~$", True),
        ("################", False),
        ("# Authorised users only #", False),
        ("", False),
        ("Last login: Mon", False),
    ],
)
def test_prompts_are_known_by_their_looks(line, is_prompt):
    assert bool(dialects.PROMPT.match(line)) is is_prompt


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("              ^\nError: Unrecognized command found at '^' position.", "unknown_command"),
        ("% Invalid input detected at '^' marker.", "unknown_command"),
        (" % Unrecognized command found at '^' position.", "unknown_command"),
        ("Unknown action 0\n\nCommand fail. Return code -1", "unknown_command"),
        ("Error: You do not have permission to run the command.", "no_right"),
        ("% Permission denied.", "no_right"),
        ("Invalid frames: 0", ""),
        ("GigabitEthernet1/0/1 is UP\nInput errors: 0", ""),
    ],
)
def test_refusals_of_devices_are_known(text, trouble):
    assert dialects.trouble(text) == trouble
