"""Runs cases: verified good, damaged, verified bad; what was planted, found, and what else turned bad.

A case is `broken` where the good one is bad, where nothing was planted, and where the good ones, asked as the
bad one was, are called the same: then it is the asking that is found, not the defect.
"""

import contextlib
import os
import resource
import shutil
import subprocess
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import case as c
import usual as means
import verify as v
import world as w
import yaml

# What a whole server is told by: the newest dump of one of its databases.
SITES = {"pg-server": "pg-custom", "mariadb-server": "mariadb"}
EXPECTED = yaml.safe_load((w.HERE / "expected.yaml").read_text("utf-8"))


@dataclass
class Row:
    """How a case went. `state`: found, missed, not_yet, not_planted, no_tool, error, broken. `cpu`: seconds
    of ours and of the programs that we started, without the servers'."""

    name: str
    kind: str
    state: str
    why: str = ""
    words: list = field(default_factory=list)
    others: dict = field(default_factory=dict)
    usual: dict = field(default_factory=dict)
    seconds: float = 0.0
    cpu: float = 0.0


class Bench:
    """All cases of one world."""

    def __init__(self, world, seed=7, place=2, *, usual=False):
        self.world = world
        self.seed = seed
        self.place = place
        self.usual = usual
        self._sites = {}
        self._last = None

    def site(self, kind):
        """Where a kind's cases are tried."""
        if self._last is not None and self._last.kind != kind:
            # Others are made of these: they are left as they were found.
            self._last.put_back()
        if kind not in self._sites:
            self._sites[kind] = Site(self.world, kind)
        self._last = self._sites[kind]
        return self._last

    def defect(self, name, kind):
        """Try one defect at one kind."""
        planted = c.PLANTS.get((name, kind))
        return self._try(name, kind, planted, self._defect)

    def variation(self, name, kind):
        """Try one benign variation at one kind."""
        planted = c.BENIGN.get((name, kind))
        return self._try(name, kind, planted, self._benign)

    def _try(self, name, kind, planted, how):
        begun, used = time.monotonic(), spent()
        if planted is None:
            return Row(name, kind, "not_planted")
        # What was tried before it changes nothing of a case.
        self.world.random.seed(f"{self.seed} {name} {kind}")
        try:
            row = how(name, kind, planted, self.site(SITES.get(kind, kind.partition("/")[0])))
        except v.NotYet as gone:
            return Row(name, kind, "not_yet", str(gone))
        except w.Missing as gone:
            return Row(name, kind, "no_tool", str(gone))
        except Exception as wrong:
            where = traceback.extract_tb(wrong.__traceback__)[-1]
            said = getattr(wrong, "stderr", None) or b""
            where = f"{Path(where.filename).name}:{where.lineno}"
            why = f"{type(wrong).__name__}: {wrong} {said[-300:]!r} ({where})"
            return Row(name, kind, "error", why)
        row.seconds, row.cpu = time.monotonic() - begun, spent() - used
        return row

    def _defect(self, name, kind, planted, site):
        case = c.Case(self.world, site.made, kind, self.seed * 1000 + int(name[1:]), self.place)
        before = site.restored()
        if before.bad:
            return Row(name, kind, "broken", f"bad before: {before.bad} {before.error}")
        planted.make(case)
        if planted.standing:
            site.backdate()
        planted_at = site.differing()
        if case.change is not None:
            # What lies elsewhere must have been good too; one that never was elsewhere has no before.
            held = site.after(case, standing=True)
            if held.bad and case.elsewhere:
                return Row(name, kind, "broken", f"bad before: {held.bad} {held.error}")
            case.change()
        after = site.after(case, standing=planted.standing)
        row = judged(Row(name, kind, ""), case, after)
        if self.usual:
            means.counted_if_needed(self.world, site.kind)
            row.usual = means.usual(case)
        if row.state == "found" and not case.asked:
            row.why = self._doubt(row, case, site, planted_at)
            row.state = "broken" if row.why else "found"
        return row

    def _doubt(self, row, case, site, planted_at):
        """Why what was found is not the defect; "" where it is."""
        if case.change is not None:
            # What befell the copies: before it they were asked the same, and were good.
            return ""
        if not planted_at:
            return "nothing was planted"
        if not case.params and not case.policy and not case.checks and case.at is None:
            return ""
        site.restored()
        same = judged(Row(row.name, row.kind, ""), case, site.after(case, standing=True))
        return f"the good ones are called so too: {same.words}" if same.state == "found" else ""

    def alone(self, name, kind):
        """Try what reading alone finds: it arrives so, and nothing was recorded of it anywhere."""
        return self._try(name, kind, c.PLANTS.get((name, kind)), self._alone)

    def _alone(self, name, kind, planted, site):
        case = c.Case(self.world, site.made, kind, self.seed * 1000 + int(name[1:]), self.place)
        site.restored()
        nothing_recorded(case)
        case.prints = []
        reasons = EXPECTED["defects"][name]["content"][kind]
        reasons = reasons if isinstance(reasons, list) else [reasons]
        before = mine(case, site.after(case, standing=False))
        planted.make(case)
        w.dated(case.path, w.DAYS[case.place] + w.timedelta(minutes=1))
        after = mine(case, site.after(case, standing=False))
        row = Row(name, kind, "found", words=sorted(after))
        if any(word in reasons for _, word in before):
            row.state, row.why = "broken", f"bad before: {sorted(before)}"
        elif not any(word in reasons for _, word in after):
            row.state, row.why = "missed", f"wanted {reasons}"
        return row

    def _benign(self, name, kind, planted, site):
        case = c.Case(self.world, site.made, kind, self.seed * 1000 + 500 + int(name[1:]), self.place)
        before = site.restored()
        planted.make(case)
        after = site.after(case, standing=planted.standing)
        row = Row(name, kind, "good", words=sorted(after.words()))
        lost = before.proven(case.path.name) - after.proven(case.path.name)
        if after.bad:
            row.state, row.why = "alarm", f"{after.bad} {after.error}"
        elif missing := untold(after):
            row.state, row.why = "untold", f"{missing} {after.error}"
        elif lost:
            # Nobody says a word, and less of it is proven than of the one before.
            row.state, row.why = "untold", f"no longer proven: {sorted(lost)}"
        return row


def nothing_recorded(case):
    """Nothing stands beside it."""
    for path in case.beside():
        path.unlink()


def mine(case, said):
    """What is said of the artefact that was hit."""
    return {word for name, words in said.bad.items() if hit(case, name) for word in words}


# What nobody asked of these artefacts can't be told, and is no doubt about them.
NOT_ASKED = {"not_recorded", "not_drilled", "no_baseline"}


def untold(said):
    """What could not be told of the benign artefacts."""
    found = {name: {w for w in words if w[1] not in NOT_ASKED} for name, words in said.untold.items()}
    return {name: words for name, words in found.items() if words}


def wanted(name, kind):
    """Level and words that are expected."""
    spec = EXPECTED["defects"][name]
    spec = {**spec, **spec.get("per", {}).get(kind, {})}
    words = spec["reason"] if isinstance(spec["reason"], list) else [spec["reason"]]
    return int(spec["level"][1:]), words


# Said beside the cause: half a dump is also too small.
CONSEQUENCES = {"shrunk", "grown"}


def judged(row, case, after):
    """Found: the wanted word, at a level below which nothing is bad, and nothing else turned bad."""
    level, reasons = wanted(row.name, row.kind)
    mine = {name: words for name, words in after.bad.items() if hit(case, name)}
    # What is said of a slot without a good artefact follows from it, unless the slot was asked about.
    own = {name: words for name, words in mine.items() if level == 0 or not name.startswith("slot ")}
    words = {word for found in own.values() for word in found if word[1] not in case.ignored}
    row.words = sorted(words)
    row.others = {
        name: sorted(words - rests_on(case, name)) for name, words in after.bad.items() if not hit(case, name)
    }
    row.others = {name: words for name, words in row.others.items() if words}
    if not words:
        row.state, row.why = "missed", f"nothing bad; untold {after.untold} {after.error}"
    elif not any(word in reasons for _, word in words):
        row.state, row.why = "missed", f"other words, wanted {reasons}"
    elif min(found for found, word in words if word not in CONSEQUENCES or word in reasons) < min(
        int(v.level_of(r)[1:]) for r in reasons
    ):
        row.state, row.why = "missed", f"bad below L{level}"
    elif row.others:
        row.state, row.why = "missed", f"others turned bad: {row.others}"
    else:
        row.state = "found"
    return row


# What is true of a later one because of the one that was hit, where each rests on the one before it.
CHAINS = {
    "pg-incremental": {(6, "orphan"), (6, "link_damaged"), (6, "wrong_parent")},
    "mariabackup": {(6, "orphan"), (6, "link_damaged"), (6, "wrong_parent")},
    "tree": {(3, "manifest_missing"), (3, "manifest_edited")},
}


def rests_on(case, name):
    """Words that follow for the artefact of this name."""
    later = any(c.slot(path) in name for path in case.made.days[case.place + 1 :])
    return CHAINS.get(case.base, set()) if later else set()


def hit(case, name):
    """Whether a name (artefact or slot) is of what was hit."""
    day = c.slot(case.path)
    dashed = f"{day[:4]}-{day[4:6]}-{day[6:8]}"
    # What lies in one repository shares its parts.
    shared = case.made.days[0] == case.made.days[-1]
    return shared or day in name or dashed in name or name in case.victims


class Site:
    """Where a kind's cases are tried: the good files, what looks at them remember, how they are put back."""

    def __init__(self, world, kind):
        self.world = world
        self.made = world.made(kind)
        self.kind = kind
        self.top = self.made.top
        self.good = world.folder("kept") / kind
        if self.made.check not in v.registry.ids():
            raise v.NotYet(self.made.check)
        subprocess.run(["cp", "-a", self.top, self.good], check=True)
        self._begun = {}
        self._standing = None
        self._good = None
        self._stamps = {}
        self.policy = v.policy(**self.made.facts.get("policy", {}))

    def restored(self):
        """Put back what a case touched, byte for byte; what is said of the good ones, asked once."""
        self.put_back()
        if self._good is None:
            self._seen()  # before anything is damaged
            state = self._start(len(w.DAYS) - 1)
            self._look(state, w.NOW)
            self._good = v.said(state, self.policy, w.NOW)
            # Looking at it day by day moved what was not there yet.
            self._stamps = stamps(self.top)
        return self._good

    def put_back(self):
        """Make it what it was."""
        put_back(self.good, self.top, self.touched())
        # Clocks of file systems tick slowly: what comes next must move them.
        time.sleep(0.05)
        self._stamps = stamps(self.top)

    def touched(self):
        """Names below the top that are not as they were put back: None where nothing was yet."""
        if not self._stamps:
            return None
        now = stamps(self.top)
        return {name for name in {*now, *self._stamps} if now.get(name) != self._stamps.get(name)}

    def differing(self):
        """Names that are not what they were: written to with the same bytes, nothing was planted."""
        return {name for name in self.touched() if not alike(self.good / name, self.top / name)}

    def backdate(self):
        """Damage leaves the times of files alone: what a plant wrote to gets its own back."""
        for path in self.good.rglob("*"):
            target = self.top / path.relative_to(self.good)
            if (path.is_file() and target.is_file() and not target.is_symlink()) or (
                path.is_dir() and target.is_dir()
            ):
                held = path.stat()
                os.utime(target, ns=(held.st_atime_ns, held.st_mtime_ns))

    def after(self, case, *, standing):
        """What is said once the damage is done."""
        # What arrives so was never seen otherwise.
        state = self._seen() if standing else self._start(case.place)
        state.extra |= case.extra
        if case.prints is not None:
            state.prints = case.prints
        at = case.at or w.NOW + w.timedelta(minutes=30)
        self._look(state, at, case.params)
        for more in case.checks:
            more(state, at)
        policy = (
            v.policy(**{**self.made.facts.get("policy", {}), **case.policy}) if case.policy else self.policy
        )
        return v.said(state, policy, at)

    def _look(self, state, at, params=None):
        given = {**self.made.params, **(params or {})}
        v.look(state, self.made.check, given, at, secrets=self.world.folder("state"))
        for check, more in self.made.facts.get("also", ()):
            v.look(state, check, more, at)

    def _start(self, days):
        # Looks on the first days, when the others' artefacts were not there (of a repository, where it is
        # kept as it was).
        if days not in self._begun:
            state = self._start(days - 1) if days else self._first()
            if days and (self.made.days[0] != self.made.days[1] or "as_of" in self.made.facts):
                with self._as_of(days):
                    self._look(state, w.DAYS[days - 1] + w.timedelta(hours=6))
            self._begun[days] = self._kept(state, f"begun-{days}")
        return self._given(self._begun[days])

    def _first(self):
        shutil.rmtree(self._shelf, ignore_errors=True)
        return v.State(prints=list(self.made.facts.get("prints", ())))

    def _as_of(self, days):
        """The first so many days' artefacts, those alone."""
        hidden = self.top.parent / f".{self.kind}-later"
        if self.made.days[0] != self.made.days[1]:
            return away(self.made.days[days:], hidden)
        return instead(self.made.newest, self.made.facts["as_of"][days - 1], hidden)

    def _seen(self):
        """All of it was seen, and was good."""
        if self._standing is None:
            state = self._start(len(w.DAYS) - 1)
            self._look(state, w.NOW)
            self._standing = self._kept(state, "standing")
        return self._given(self._standing)

    # What checks keep in files is no more another case's than what they keep in memory.

    @property
    def _shelf(self):
        return self.world.folder("state") / "backups"

    def _kept(self, state, name):
        state.shelf = self.world.folder("shelves", self.kind) / name
        if self._shelf.exists():
            shutil.copytree(self._shelf, state.shelf)
        return state

    def _given(self, state):
        shutil.rmtree(self._shelf, ignore_errors=True)
        if state.shelf.exists():
            shutil.copytree(state.shelf, self._shelf)
        return state.copied()


class away:
    """Artefacts (and what stands beside them) out of sight for a while."""

    def __init__(self, paths, hidden):
        self.paths = [p for path in paths for p in path.parent.glob(path.name + "*")]
        self.hidden = hidden

    def __enter__(self):
        self.hidden.mkdir()
        for path in self.paths:
            path.rename(self.hidden / path.name)

    def __exit__(self, *_):
        for path in self.paths:
            (self.hidden / path.name).rename(path)
        self.hidden.rmdir()


@contextlib.contextmanager
def instead(path, other, hidden):
    """A repository as it was on another day, at its place for a while."""
    path.rename(hidden)
    subprocess.run(["cp", "-a", other, path], check=True)
    try:
        yield
    finally:
        shutil.rmtree(path)
        hidden.rename(path)


def stamps(top):
    """What moves when a file or directory is written or changed in any way (ctime, inode), by name."""
    found = {}
    for path in (top, *top.rglob("*")):
        held = path.lstat()
        kept = (held.st_ino, held.st_ctime_ns, held.st_mode, held.st_size)
        # Of a directory only what a listing does not say.
        found[path.relative_to(top)] = (
            (held.st_ino, held.st_mode, held.st_uid, held.st_mtime_ns) if path.is_dir() else kept
        )
    return found


def put_back(good, top, touched=None):
    """Make `top` what `good` is; what was not touched stays as it is, inode and all. `touched`: names that
    may differ (None: all are compared)."""
    wanted = {p.relative_to(good) for p in good.rglob("*")}
    for path in sorted(top.rglob("*"), reverse=True):
        if path.relative_to(top) not in wanted and (path.exists() or path.is_symlink()):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    asked = sorted(wanted if touched is None else wanted & touched)
    for name in (one for one in asked if _is_folder(good / one)):
        target = top / name
        if target.is_symlink() or (target.exists() and not target.is_dir()):
            target.unlink()
        target.mkdir(exist_ok=True)
    files = [one for one in asked if not _is_folder(good / one) and not same(good / one, top / one)]
    for name in files:
        if _is_folder(top / name):
            shutil.rmtree(top / name)
    w.copied(good, top, files)
    for name in [Path(), *sorted((n for n in wanted if _is_folder(good / n)), reverse=True)]:
        source, target = (good / name).stat(), (top / name).stat()
        if (source.st_uid, source.st_gid) != (target.st_uid, target.st_gid):
            os.chown(top / name, source.st_uid, source.st_gid)
        if (source.st_mode, source.st_mtime_ns) != (target.st_mode, target.st_mtime_ns):
            shutil.copystat(good / name, top / name)


def alike(source, target):
    """Whether it is the same still: of a directory rights, owner and time."""
    if not _is_folder(source) or not _is_folder(target):
        return (source.exists() or source.is_symlink()) and not _is_folder(source) and same(source, target)
    a, b = source.stat(), target.stat()
    return all(getattr(a, k) == getattr(b, k) for k in ("st_mtime_ns", "st_mode", "st_uid", "st_gid"))


def _is_folder(path):
    return path.is_dir() and not path.is_symlink()


def spent():
    """CPU seconds so far, with those of programs that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def same(source, target):
    """Whether a file is as it was: sizes, times, modes and bytes."""
    if source.is_symlink() or target.is_symlink():
        return source.is_symlink() and target.is_symlink() and source.readlink() == target.readlink()
    if not target.exists() or target.is_dir():
        return False
    a, b = source.lstat(), target.lstat()
    alike = all(getattr(a, k) == getattr(b, k) for k in ("st_size", "st_mtime_ns", "st_mode", "st_uid"))
    return alike and b.st_nlink == 1 and source.read_bytes() == target.read_bytes()
