"""Devices at their prompt: paging, echo, levels, slow and odd output."""

import pytest

from checks.api import ErrorKind, ObservationError

LONG = 30_000
VERSION = b"Huawei Versatile Routing Platform Software\r\nVRP (R) software, Version 5.170\r\n"
LINES = "".join(f"line {n} of {'x' * (n % 7)}\r\n" for n in range(100)).encode()


def show(ssh, to, *commands, platform="", timeout_ms=LONG, **more):
    return ssh.shell(to, platform, commands, timeout_ms=timeout_ms, **more)


def test_screens_come_without_echo_and_prompt(ssh, device):
    to, _ = device(screens={"display version": VERSION, "display clock": b"12:00:00\r\n"})
    first, second = show(ssh, to, "display version", "display clock", platform="huawei_vrp")
    assert first.text == VERSION.decode().replace("\r\n", "\n").strip()
    assert (second.command, second.text, second.cut, second.trouble) == (
        "display clock",
        "12:00:00",
        False,
        "",
    )


@pytest.mark.parametrize(
    ("prompt", "more", "wipe"),
    [
        (b"<SW-01>", b"  ---- More ----", b"\x1b[42D" + b" " * 42 + b"\x1b[42D"),
        (b"[SW-01]", b"  ---- More ----", b"\x1b[16D                \x1b[16D"),
        (b"Ruijie#", b" --More-- ", b"\b" * 10 + b" " * 10 + b"\b" * 10),
        (b"router>", b" --More-- ", b"\r          \r"),
        (b"FGT60E # ", b"--More-- ", b"\r         \r"),
        (b"ZXR10#", b"----- more ----- Press Q or Ctrl+C to break -----", b"\r" + b" " * 60 + b"\r"),
        (b"asa/act#", b"<--- More --->", b"\r              \r"),
        (b"sw#", b"--More-- or (q)uit", b"\x1b[2K\r"),
    ],
)
def test_paged_output_comes_whole_whatever_the_pager(ssh, device, prompt, more, wipe):
    to, _ = device(prompt=prompt, screens={"show all": LINES}, page=24, more=more, wipe=wipe)
    (screen,) = show(ssh, to, "show all")
    assert screen.text == "\n".join(line.rstrip() for line in LINES.decode().split("\r\n")).strip()


def test_paging_is_switched_off_where_the_platform_tells_how(ssh, device):
    to, _ = device(screens={"display all": LINES}, page=5, more=b"NOT KNOWN AS A PAGER")
    (screen,) = show(ssh, to, "display all", platform="huawei_vrp")
    assert screen.text.count("\n") == 99


def test_output_byte_by_byte_and_prompts_inside_it_do_not_end_a_command_early(ssh, device):
    odd = b"sysname SW-01\r\n<SW-01> is its name\r\n header login information ####\r\nend\r\n"
    to, _ = device(screens={"display cu": odd}, chunk=1, pause=0.002)
    (screen,) = show(ssh, to, "display cu")
    assert screen.text.endswith("end") and "is its name" in screen.text


def test_a_banner_full_of_prompts_is_not_taken_for_one(ssh, device):
    motd = b"\r\n################\r\n# Authorised users only #\r\n################\r\nsw>\r\n"
    to, _ = device(prompt=b"core-sw#", motd=motd, screens={"show clock": b"1\r\n"})
    assert show(ssh, to, "show clock")[0].text == "1"


def test_gbk_and_colours_are_text(ssh, device):
    data = "\x1b[31m风扇\x1b[0m 正常\r\n".encode("gbk")
    to, _ = device(screens={"display fan": data})
    assert show(ssh, to, "display fan")[0].text == "风扇 正常"


def test_a_device_without_echo_is_understood(ssh, device):
    to, _ = device(screens={"show clock": b"12:00\r\n"}, echo=False)
    assert show(ssh, to, "show clock")[0].text == "12:00"


def test_a_command_the_device_does_not_know_is_told(ssh, device):
    to, _ = device()
    assert show(ssh, to, "display nonsense")[0].trouble == "unknown_command"
    to, _ = device(screens={"show run": b"% Authorization failed.\r\n"})
    assert show(ssh, to, "show run")[0].trouble == "no_right"


def test_a_shell_is_kept_for_the_next_look(ssh, device):
    to, listener = device(screens={"a": b"1\r\n"})
    for _ in range(3):
        assert show(ssh, to, "a")[0].text == "1"
    assert len(listener.transports) == 1


def test_the_higher_level_is_entered_with_the_secrets_word(ssh, device, secrets):
    secrets(ssh={"user": "inspect", "password": "s3cr3t-Word", "enable": "hi9her"})
    to, _ = device(prompt=b"router>", enable="hi9her", screens={"show run": b"hostname router\r\n"})
    assert show(ssh, to, "show run", platform="cisco_ios")[0].text == "hostname router"


def test_a_wrong_word_for_the_higher_level_is_denied(ssh, device, secrets):
    secrets(ssh={"user": "inspect", "password": "s3cr3t-Word", "enable": "wr0ng"})
    to, _ = device(prompt=b"router>", enable="hi9her")
    with pytest.raises(ObservationError) as caught:
        show(ssh, to, "show run", platform="cisco_ios")
    assert caught.value.kind is ErrorKind.DENIED
    assert "wr0ng" not in str(caught.value)


def test_a_login_asked_again_in_the_shell_is_answered_once(ssh, device):
    asks = ((b"Username:", "inspect"), (b"Password:", "s3cr3t-Word"))
    to, _ = device(greeting=asks, screens={"a": b"1\r\n"})
    assert show(ssh, to, "a")[0].text == "1"


def test_a_login_loop_is_denied(ssh, device):
    to, _ = device(greeting=((b"Password:", "something else"),))
    with pytest.raises(ObservationError, match="again and again") as caught:
        show(ssh, to, "a")
    assert caught.value.kind is ErrorKind.DENIED


def test_a_device_that_repeats_the_password_is_not_quoted(ssh, device, secrets):
    """Neither in the screens of a login that was good nor in the error of one that was not."""
    asks = ((b"Username:", "inspect"), (b"Password:", "s3cr3t-Word"))
    secrets(ssh={"user": "inspect", "password": "s3cr3t-Word", "enable": "hi9her"})
    to, _ = device(
        prompt=b"router>", greeting=asks, enable="hi9her", repeats=True, screens={"show clock": b"12:00\r\n"}
    )
    assert show(ssh, to, "show clock", platform="cisco_ios")[0].text == "12:00"
    for wrong in ({"greeting": ((b"Password:", "something else"),)}, {"enable": "other"}):
        to, _ = device(prompt=b"router>", repeats=True, **wrong)
        with pytest.raises(ObservationError) as caught:
            show(ssh, to, "show clock", platform="cisco_ios")
        assert caught.value.kind is ErrorKind.DENIED
        assert "s3cr3t-Word" not in str(caught.value) and "hi9her" not in str(caught.value)


def test_a_device_that_wants_another_password_set_is_told_no(ssh, device):
    asks = ((b"The password needs to be changed. Change now? [Y/N]:", "N"),)
    to, _ = device(greeting=asks, screens={"a": b"1\r\n"})
    assert show(ssh, to, "a")[0].text == "1"


def test_output_without_end_is_cut_and_the_next_look_starts_anew(ssh, device):
    to, listener = device(flood=True, screens={"b": b""})
    made = show(ssh, to, "debug", "b", most_bytes=50_000)
    assert len(made) == 1 and made[0].cut and len(made[0].text) <= 50_000
    listener.behaviour.flood = False
    listener.behaviour.screens = {"b": b"2\r\n"}
    assert show(ssh, to, "b")[0].text == "2"


def test_a_device_that_shows_no_prompt_is_a_timeout(ssh, device):
    to, _ = device(prompt=b"")
    with pytest.raises(ObservationError) as caught:
        show(ssh, to, "a", timeout_ms=1500)
    assert caught.value.kind is ErrorKind.TIMEOUT


def test_a_kept_shell_that_died_is_opened_again(ssh, device):
    to, listener = device(screens={"a": b"1\r\n"})
    show(ssh, to, "a")
    listener.drop()
    assert show(ssh, to, "a")[0].text == "1"
