"""Files that hold anything: a typed error or facts that can be signed, never anything else."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.sources import (
    host_security_firewall,
    host_security_jobs,
    host_security_patches,
    host_security_programs,
)
from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks.api import ObservationError
from checks.codec import to_json
from checks.wire import strict_json

FILES = {
    "etc/passwd": lambda s: s.accounts(),
    "etc/shadow": lambda s: s.accounts(),
    "etc/group": lambda s: s.accounts(),
    "etc/login.defs": lambda s: s.password_rules(),
    "etc/pam.d/system-auth": lambda s: s.password_rules(),
    "etc/sudoers": lambda s: s.sudo(),
    "etc/ssh/sshd_config": lambda s: s.ssh_server(),
    "etc/snmp/snmpd.conf": lambda s: s.snmp_server(),
    "etc/crontab": lambda s: s.jobs(),
    "etc/x.crt": lambda s: s.certificates(["/etc/*.crt"]),
}
_PIECES = (
    *(
        "root",
        ":",
        "x",
        "0",
        "99999999999999999999",
        "\n",
        " ",
        "\t",
        "#",
        "=",
        "ALL",
        "(",
        ")",
        ",",
        "\\\n",
        "$1$",
    ),
    *(
        "Include /etc/ssh/*\n",
        "Match all\n",
        "@includedir /etc\n",
        "#include sudoers\n",
        "NOPASSWD:",
        "* * * * *",
    ),
    *(
        "-----BEGIN CERTIFICATE-----",
        "-----END CERTIFICATE-----",
        "pam_unix.so minlen=",
        "\0",
        "口令",
        "\x1b[31m",
    ),
)
CONTENT = st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), max_size=40).map("".join).map(
    lambda text: (
        text.encode("utf-8", "surrogatepass") if text.isascii() else text.encode("gb18030", "replace")
    )
) | st.binary(max_size=200)


@pytest.mark.parametrize("path", FILES)
def test_any_content_of_a_file_is_read_or_refused(path: str, tmp_path: Path) -> None:
    for name in ("etc/passwd", path):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("root:x:0:0::/root:/bin/sh\n")

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(CONTENT)
    def reads(data: bytes) -> None:
        (tmp_path / path).write_bytes(data)
        try:
            found = FILES[path](open_host(Transient(), tmp_path).security())
        except ObservationError:
            return
        strict_json.dumps(to_json(found))

    reads()


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(("Inst a [1] (2 x)", "Id=a\n", "chain input {", "\n\n", "}"))).map("\n".join)
)
def test_any_output_of_a_program_is_read_or_refused(text: str) -> None:
    readers = (
        lambda: host_security_patches.read_apt(text),
        lambda: host_security_patches.read_rpm(text),
        lambda: host_security_patches.read_advisories(text),
        lambda: host_security_patches.read_zypper(text),
        lambda: host_security_firewall.read({"nft": text, "iptables-save": text}),
        lambda: host_security_jobs.read_timers(text, text),
        lambda: host_security_programs.read_audit(True, text, text, None),
    )
    for read in readers:
        try:
            read()
        except (ValueError, LookupError):  # garbled, as `looking` says it
            continue


def test_numbers_that_no_kernel_could_hold_are_not_signed(tmp_path: Path) -> None:
    huge = "9" * 30
    for name, text in {
        "etc/passwd": "a:x:1000:1000::/a:/bin/sh\n",
        "etc/shadow": f"a:$6$x$y:{huge}:0:{huge}:7::{huge}:\n",
        "etc/login.defs": f"PASS_MAX_DAYS {huge}\n",
        "etc/pam.d/common-password": f"password x pam_pwquality.so minlen={huge}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = open_host(Transient(), tmp_path).security()
    assert strict_json.dumps(to_json(found.accounts()))
    assert strict_json.dumps(to_json(found.password_rules()))
    assert found.password_rules().most_days is None
    (tmp_path / "etc/passwd").write_text(f"a:x:{huge}:0::/a:/bin/sh\n")
    with pytest.raises(ObservationError):
        found.accounts()
