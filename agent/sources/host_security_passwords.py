"""What new passwords must be: login.defs, PAM, pwquality.conf, faillock.conf."""

import re

from agent.sources.host_proc import Tree, small_number
from checks.accounts import PasswordRules

# Debian's kin, Red Hat's kin, SUSE.
_PAM_FILES = tuple(
    f"etc/pam.d/{name}" for name in ("common-password", "common-auth", "system-auth", "password-auth")
)
# Lengths that these modules ask for when nobody has told them one (their manual pages).
_DEFAULT_LENGTH = {"pam_pwquality": 8, "pam_cracklib": 9}
_QUALITY = frozenset({"pam_pwquality", "pam_cracklib", "pam_passwdqc"})
_LOCKOUT = frozenset({"pam_faillock", "pam_tally2", "pam_tally"})
_MODULE = re.compile(r"(pam_\w+)\.so(.*)")


def rules(tree: Tree) -> PasswordRules:
    """The rules of this machine; PAM files that may not be read leave a trouble."""
    defs = _settings(tree.text_or("etc/login.defs", ""))
    modules, trouble = _modules(tree)
    quality = sorted(_QUALITY & modules.keys())
    lockout = sorted(_LOCKOUT & modules.keys())
    return PasswordRules(
        most_days=small_number(defs.get("PASS_MAX_DAYS", "")),
        least_days=small_number(defs.get("PASS_MIN_DAYS", "")),
        warn_days=small_number(defs.get("PASS_WARN_AGE", "")),
        least_length=_length(tree, modules, defs),
        remember=_largest(modules, ("pam_pwhistory", "pam_unix"), "remember"),
        quality=bool(quality),
        lockout=bool(lockout),
        failures=_failures(tree, modules) if lockout else None,
        trouble=trouble,
    )


def _modules(tree: Tree) -> tuple[dict[str, str], str]:
    """PAM modules in use with their options; why they are not known."""
    found: dict[str, str] = {}
    read = 0
    for path in _PAM_FILES:
        try:
            lines = tree.text(path).splitlines()
        except FileNotFoundError:
            continue
        except PermissionError:
            return found, "denied"
        read += 1
        for line in lines:
            match = None if line.lstrip().startswith("#") else _MODULE.search(line)
            if match:
                found[match[1]] = f"{found.get(match[1], '')} {match[2]}"
    return found, "" if read else "missing"


def _length(tree: Tree, modules: dict[str, str], defs: dict[str, str]) -> int | None:
    for module in ("pam_pwquality", "pam_cracklib"):
        if module in modules:
            told = _option(modules[module], "minlen")
            kept = _settings(tree.text_or("etc/security/pwquality.conf", ""))
            configured = small_number(kept.get("minlen", "")) if module == "pam_pwquality" else None
            return told or configured or _DEFAULT_LENGTH[module]
    told = _option(modules.get("pam_unix", ""), "minlen")
    # login.defs only counts where no PAM module looks at new passwords.
    return told if "pam_unix" in modules else small_number(defs.get("PASS_MIN_LEN", ""))


def _failures(tree: Tree, modules: dict[str, str]) -> int | None:
    told = _largest(modules, sorted(_LOCKOUT), "deny")
    kept = _settings(tree.text_or("etc/security/faillock.conf", ""))
    return told if told is not None else small_number(kept.get("deny", "")) or 3


def _largest(modules: dict[str, str], names: tuple[str, ...] | list[str], option: str) -> int | None:
    given = [_option(modules.get(name, ""), option) for name in names]
    return max((one for one in given if one is not None), default=None)


def _option(words: str, name: str) -> int | None:
    match = re.search(rf"\b{name}=(\d+)", words)
    return small_number(match[1]) if match else None


def _settings(text: str) -> dict[str, str]:
    """`NAME value` or `name = value` lines; the last one counts."""
    made = {}
    for line in text.splitlines():
        words = line.partition("#")[0].replace("=", " ", 1).split()
        if len(words) >= 2:
            made[words[0]] = words[1]
    return made
