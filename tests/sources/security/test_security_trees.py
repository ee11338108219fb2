"""The security source on trees of real files, with users that useradd made."""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks.accounts import SudoRule
from checks.api import ErrorKind, ObservationError, Seen, State
from checks.codec import from_json, to_json
from checks.hardening import AntivirusAsk
from checks.host import jobs as host_jobs
from checks.security import accounts, files


def security(root=Path("/"), memory=None):
    return open_host(memory or Transient(), root).security()


def put(root: Path, path: str, text: str, mode: int = 0o644) -> Path:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(mode)
    return place


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            pytest.skip(f"NOT TESTED: {program} is not here")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    put(tmp_path, "etc/passwd", "root:x:0:0:root:/root:/bin/bash\nbin:x:2:2::/bin:/usr/sbin/nologin\n")
    put(tmp_path, "etc/group", "root:x:0:\nbin:x:2:\nsudo:x:27:\n")
    put(tmp_path, "etc/gshadow", "root:*::\nbin:*::\nsudo:!::\n", 0o600)
    put(tmp_path, "etc/shadow", "root:*:20300:0:99999:7:::\nbin:*:20300:0:99999:7:::\n", 0o600)
    put(tmp_path, "etc/login.defs", "PASS_MAX_DAYS 90\nUID_MIN 1000\nGID_MIN 1000\n")
    return tmp_path


def useradd(root: Path, *words: str) -> None:
    needs("useradd")
    done = subprocess.run(
        [shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin"), "-P", str(root), *words],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"NOT TESTED: useradd cannot work below another root: {done.stderr.strip()}")


def judged(root: Path, params: accounts.Params) -> dict[str, str]:
    facts = accounts.observe(open_host(Transient(), root), params)
    return {one.name: one.state.value for one in accounts.judge(Seen(facts, time.time_ns() // 10**6), params)}


def test_users_that_useradd_makes_are_seen_as_they_were_made(machine):
    useradd(machine, "-s", "/bin/bash", "-G", "sudo", "-p", "$6$salt$" + "x" * 86, "-e", "2020-01-02", "anna")
    useradd(machine, "-s", "/usr/sbin/nologin", "-r", "service")
    found = {one.name: one for one in security(machine).accounts().accounts}
    assert found["anna"].groups == ("sudo",)
    assert (found["anna"].password, found["anna"].method, found["anna"].most_days) == ("set", "sha512", 90)
    assert found["anna"].expires_day == 18_263
    assert (found["service"].login, found["service"].password) == (False, "none")
    assert "xxxx" not in str(to_json(found["anna"])), "no hash leaves the source"


def test_a_baseline_holds_until_somebody_adds_a_second_root(machine):
    facts = accounts.observe(open_host(Transient(), machine), accounts.Params())
    params = accounts.Params(baseline=accounts.propose(facts))
    before = judged(machine, params)
    assert set(before.values()) == {"ok"}
    useradd(machine, "-o", "-u", "0", "-s", "/bin/bash", "-p", "", "toor")
    after = judged(machine, params)
    assert {name for name, state in after.items() if state == "crit"} == {
        "uid_zero",
        "toor:uid_zero",
        "empty_password",
        "toor:empty_password",
        "unexpected",
        "toor",
    }


@contextmanager
def as_nobody():
    """Files are opened as a user without any right."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root can become nobody")
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def test_without_rights_the_result_says_denied_and_never_ok(machine):
    put(machine, "etc/sudoers", "root ALL=(ALL) ALL\n", 0o440)
    put(machine, "etc/secret.conf", "x\n", 0o600)
    # Whatever the umask is: only what the test closes is closed.
    for folder in [machine / "etc", machine, *machine.parents][:-1]:
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    seen = security(machine)
    seen.accounts(), seen.sudo(), seen.files(["/etc/hosts"])  # loads the modules, which nobody may read
    with as_nobody():
        found = seen.accounts()
        [secret] = seen.files(["/etc/secret.conf"])
        with pytest.raises(ObservationError) as caught:
            seen.sudo()
    assert (found.trouble, found.accounts[0].password) == ("denied", "hidden")
    assert (secret.trouble, secret.sha256) == ("denied", "")
    assert (caught.value.kind, "sudoers" in caught.value.detail) == (ErrorKind.DENIED, True)


def test_rules_of_sudo_are_read_through_includes_and_continued_lines(machine):
    put(
        machine,
        "etc/sudoers",
        "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n#includedir /etc/sudoers.d\n",
        0o440,
    )
    put(
        machine,
        "etc/sudoers.d/app",
        "User_Alias OPS = anna, bert\nOPS ALL=(root) NOPASSWD: /bin/ls, \\\n /bin/df\n",
    )
    put(machine, "etc/sudoers.d/off.bak", "%all ALL=(ALL) NOPASSWD: ALL\n")
    put(machine, "etc/sudoers.d/odd", "this is nothing\n#1000 ALL=(ALL) ALL\n")
    found = security(machine).sudo()
    assert [(one.who, one.run_as, one.no_password, one.everything) for one in found.rules] == [
        ("root", "ALL:ALL", False, True),
        ("OPS", "root", True, False),
        ("#1000", "ALL", False, True),
    ]
    assert found.unread == 1
    assert sorted(found.files) == ["/etc/sudoers", "/etc/sudoers.d/app", "/etc/sudoers.d/odd"]
    assert isinstance(found.rules[0], SudoRule) and "/bin/ls" not in str(to_json(found))


def test_sudo_itself_accepts_the_rules_that_we_read(machine):
    needs("visudo")
    text = "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%ops ALL=(www) NOPASSWD: /bin/ls\n"
    place = put(machine, "etc/sudoers", text, 0o440)
    subprocess.run(["/usr/sbin/visudo", "-c", "-f", str(place)], check=True, capture_output=True)
    assert security(machine).sudo().unread == 0


def test_the_ssh_server_s_own_answer_and_its_files_agree(tmp_path):
    needs("sshd", "ssh-keygen")
    own = security().ssh_server()
    if own.origin != "sshd":
        pytest.skip("NOT TESTED: sshd -T cannot run here (host keys or /run/sshd are missing)")
    (tmp_path / "etc").mkdir()
    shutil.copytree(
        "/etc/ssh", tmp_path / "etc/ssh", ignore=lambda _, names: [n for n in names if "_key" in n]
    )
    read = security(tmp_path).ssh_server()
    assert read.origin == "file"
    for name in read.options.keys() & {
        "permitrootlogin",
        "passwordauthentication",
        "x11forwarding",
        "usepam",
    }:
        assert read.options[name].replace("prohibit-password", "without-password") == own.options[
            name
        ].replace("prohibit-password", "without-password")


def test_the_first_value_in_sshd_config_counts_and_a_match_is_not_for_everybody(machine):
    put(
        machine,
        "etc/ssh/sshd_config",
        "Include sshd_config.d/*.conf\nPermitRootLogin no\nport 22\nPort 2222\n# x\n"
        "Match User backup\n  PermitRootLogin yes\n  PasswordAuthentication no\n",
    )
    put(machine, "etc/ssh/sshd_config.d/10.conf", "PermitRootLogin = prohibit-password\n")
    found = security(machine).ssh_server()
    assert found.options == {"permitrootlogin": "prohibit-password", "port": "22,2222"}
    assert found.matches == 1


def test_password_rules_of_both_families_of_distributions(machine):
    put(
        machine,
        "etc/pam.d/system-auth",
        "auth required pam_faillock.so preauth\npassword requisite pam_pwquality.so\n",
    )
    put(machine, "etc/security/faillock.conf", "# deny = 9\ndeny = 5\n")
    put(machine, "etc/security/pwquality.conf", "minlen = 12\n")
    found = security(machine).password_rules()
    assert (found.most_days, found.least_length, found.quality, found.lockout, found.failures) == (
        90,
        12,
        True,
        True,
        5,
    )
    shutil.rmtree(machine / "etc/pam.d")
    put(
        machine,
        "etc/pam.d/common-password",
        "# password requisite pam_pwquality.so\npassword x pam_unix.so minlen=6\n",
    )
    bare = security(machine).password_rules()
    assert (bare.least_length, bare.quality, bare.lockout) == (6, False, False)


def test_a_snmp_agent_with_a_community_is_seen_and_the_community_is_not(machine):
    put(
        machine,
        "etc/snmp/snmpd.conf",
        "# rocommunity public\nrocommunity s3cret 10.0.0.0/8\nrouser monitor authPriv\n",
    )
    found = security(machine).snmp_server()
    assert found.communities == 1
    assert "s3cret" not in str(to_json(found))


def test_a_changed_file_a_pipe_and_a_link_to_nowhere(machine):
    put(machine, "etc/hosts", "127.0.0.1 localhost\n")
    os.mkfifo(machine / "etc/pipe")
    (machine / "etc/link").symlink_to("nowhere")
    paths = ["/etc/hosts", "/etc/pipe", "/etc/link", "/etc/none"]
    found = {one.path: one for one in security(machine).files(paths)}
    assert [found[path].trouble for path in paths] == ["", "not_a_file", "missing", "missing"]
    params = from_json(files.Params, {"paths": ["/etc/hosts"]})
    host = open_host(Transient(), machine)
    params = files.Params(params.paths, files.propose(files.observe(host, params)))
    assert {one.state for one in files.judge(Seen(files.observe(host, params), 0), params)} == {State.OK}
    put(machine, "etc/hosts", "127.0.0.1 localhost\n192.0.2.7 update.example\n", 0o666)
    after = {one.name: one.reason for one in files.judge(Seen(files.observe(host, params), 0), params)}
    assert after["/etc/hosts"] == "changed"
    assert after["open_to_all"] == "open_to_all"


def test_certificates_are_read_from_pem_and_der_and_keys_are_none(machine):
    needs("openssl")
    for name, form in (("a.pem", "PEM"), ("b.der", "DER")):
        make = "openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=x -keyout k.pem 2>/dev/null"
        done = f"{make} | openssl x509 -outform {form} -out {name}"
        subprocess.run(["sh", "-ec", done], cwd=machine, check=True, capture_output=True)
    found = {one.path: one for one in security(machine).certificates(["/*.pem", "/*.der", "/gone.crt"])}
    assert found["/a.pem"].certificate.bits == found["/b.der"].certificate.bits == 2048
    assert (found["/k.pem"].certificate, found["/k.pem"].trouble) == (None, "unreadable")
    assert found["/gone.crt"].trouble == "missing"


def test_an_antivirus_is_found_by_its_program_and_dated_by_its_definitions(machine, tmp_path):
    head = b"ClamAV-VDB:07 Nov 2026 03-30 +0000:27000:2000000:90:x:y:builder:1762486200" + bytes(400)
    put(machine, "var/lib/clamav/daily.cvd", "").write_bytes(head)
    asked = [
        AntivirusAsk("clamav", ("clamd",), ("/var/lib/clamav/daily.cvd",)),
        AntivirusAsk("other", ("otherd",)),
    ]
    put(machine, "proc/1/stat", "1 (clamd) S 0 1 1\n")
    [found] = security(machine).antivirus(asked)
    assert (found.product, found.running, found.definitions_at) == ("clamav", True, 1_794_022_200_000)


def test_crontabs_are_counted_and_a_job_is_proven_by_the_file_it_writes(machine):
    put(machine, "etc/crontab", "SHELL=/bin/sh\n# m h\n17 * * * * root cd /\n@daily root /x\n")
    put(machine, "backup/ok", "done\n")
    host = open_host(Transient(), machine)
    wanted = host_jobs.StampWanted("backup", "/backup/ok")
    params = host_jobs.Params(stamps=(wanted, host_jobs.StampWanted("export", "/backup/none")))
    facts = host_jobs.observe(host, params)
    assert [(one.path, one.jobs) for one in facts.jobs.crontabs] == [("/etc/crontab", 2)]
    now = time.time_ns() // 10**6
    states = {one.name: one.state for one in host_jobs.judge(Seen(facts, now), params)}
    assert (states["backup:age"], states["export:age"]) == (State.OK, State.CRIT)
    late = {one.name: one.state for one in host_jobs.judge(Seen(facts, now + 50 * 3_600_000), params)}
    assert late["backup:age"] is State.CRIT


def test_usb_storage_is_told_from_a_keyboard(machine):
    for name, kind in (("1-1", "08"), ("1-2", "03")):
        put(machine, f"sys/bus/usb/devices/{name}/idVendor", "0781\n")
        put(machine, f"sys/bus/usb/devices/{name}/idProduct", "5567\n")
        put(machine, f"sys/bus/usb/devices/{name}:1.0/bInterfaceClass", f"{kind}\n")
    assert [(one.vendor, one.product, one.kind) for one in security(machine).usb_devices()] == [
        ("0781", "5567", "storage")
    ]
