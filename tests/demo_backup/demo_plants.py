"""The dozen: what goes wrong in the demonstration, on which day, and what must be shown for it."""

import os
import shutil
from dataclasses import dataclass
from datetime import date, timedelta

import case as c


@dataclass
class Plant:
    """`number`: day on which it happens; `reasons`: words that may name it, `also`: those that follow.

    `job` takes the place of the night's job, `mishap` comes after it, `noon` after the looks of the morning;
    `drill` False: that day's drill is not held. `hit_before`: so many days older is the artefact that is hit;
    `until`: so many days after it suffer too; `later`: days until it can be proven."""

    what: str
    object: str
    number: int
    reasons: tuple
    first: date
    also: tuple = ()
    job: object = None
    mishap: object = None
    noon: object = None
    hit_before: int = 0
    until: int = 0
    later: int = 0
    drill: bool = True

    @property
    def day(self):
        """The day whose artefact is hit."""
        return self.first + timedelta(days=self.number - self.hit_before)

    def shown_on(self):
        """The day of the first look that can prove it."""
        return self.first + timedelta(days=self.number + self.later)

    def by_day(self, demo, day):
        """What befalls it once the night's jobs are done."""
        if self.mishap is not None:
            owner = (
                demo.city
                if self.object == demo.city.name
                else next(o for o in demo.counties if o.name == self.object)
            )
            self.mishap(owner, self.day)

    def explains(self, problem):
        """Whether a problem is this one, or follows from it."""
        if problem["object"] != self.object or problem["reason"] not in (*self.reasons, *self.also):
            return False
        days = [self.day + timedelta(days=n) for n in range(self.until + 1)]
        about = problem["artefact"] + problem["slot"]
        return not about or any(f"{d:%Y%m%d}" in about or d.isoformat() in about for d in days)


def chosen(demo, days, first):
    """Those that fit into so many days and counties."""
    return [one for one in _all(demo, first) if one.number + one.later < days]


def _all(demo, first):
    names = {one.number: one.name for one in demo.counties}
    found = [
        Plant(what, names[number], day, reasons, first, **more)
        for number, what, day, reasons, more in _OF_COUNTIES
        if number in names
    ]
    return found + [
        Plant(what, demo.city.name, day, reasons, first, **more) for what, day, reasons, more in _OF_CITY
    ]


def cut(one, day):
    """The job's disk was full."""
    one.back_up(day)
    data = one.path(day).read_bytes()
    one.path(day).write_bytes(data[: len(data) // 2])
    one.tidy(day)


def one_row(one, day):
    """Somebody dumped what was not the database of that night."""
    one.back_up(day, between=("UPDATE document SET title = title || '!' WHERE id = 7",))


def flip(path):
    """One bit, in place."""
    held = path.stat()
    where = held.st_size * 2 // 3
    c.patch(path, where, bytes([path.read_bytes()[where] ^ 1]))
    os.utime(path, ns=(held.st_atime_ns, held.st_mtime_ns))


def copy_flip(one, day):
    """One bit, in the copy."""
    flip(one.copy(day))


def same_again(one, day):
    """The job failed, and its script took yesterday's."""
    before = one.path(day - timedelta(days=1))
    for old in before.parent.glob(before.name + "*"):
        shutil.copy2(
            old, old.with_name(old.name.replace(f"{day - timedelta(days=1):%Y%m%d}", f"{day:%Y%m%d}"))
        )
    one.tidy(day)


def left_out(city, day):
    """One of the files that the manifest names is not in the increment."""
    path = min(p for p in city.path(day).rglob("*") if p.is_file())
    held = path.parent.stat()
    path.unlink()
    os.utime(path.parent, ns=(held.st_atime_ns, held.st_mtime_ns))


def deleted(city, day):
    """Yesterday's increment is gone."""
    shutil.rmtree(city.path(day))


# County, what, day, reasons, the rest of `Plant`.
_OF_COUNTIES = (
    (1, "dump missing", 3, ("missing",), dict(job=lambda one, day: None)),
    (
        2,
        "dump cut to a half",
        5,
        ("changed",),
        dict(job=cut, also=("truncated", "does_not_open", "inner_damaged", "copy_missing")),
    ),
    (
        3,
        "schema only",
        15,
        ("no_rows_at_all",),
        dict(job=lambda one, day: one.back_up(day, words=("--schema-only",)), also=("shrunk",)),
    ),
    (4, "one row changed", 30, ("rows_differ",), dict(job=one_row)),
    (
        5,
        "copy missing",
        25,
        (
            "copy_missing",
            "copy_behind",
        ),
        dict(mishap=lambda one, day: c.remove(one.copy(day))),
    ),
    (
        6,
        "copy differs",
        40,
        ("copy_differs",),
        dict(mishap=copy_flip, also=("changed", "truncated", "does_not_open", "inner_damaged")),
    ),
    (
        7,
        "readable by everybody",
        50,
        ("open_to_others",),
        dict(mishap=lambda one, day: one.path(day).chmod(0o644)),
    ),
    (
        8,
        "not for the escrow key",
        55,
        ("recipient_missing",),
        dict(job=lambda one, day: one.back_up(day, to=("ops",))),
    ),
    (
        9,
        "one bit flipped",
        70,
        ("changed",),
        dict(
            mishap=lambda one, day: flip(one.path(day)),
            hit_before=1,
            also=("truncated", "does_not_open", "inner_damaged", "copy_differs"),
        ),
    ),
    (
        10,
        "purged before its time",
        60,
        ("copy_missing",),
        dict(mishap=lambda one, day: c.remove(one.path(day)), hit_before=12),
    ),
    (
        3,
        "done after the end of grace",
        20,
        ("late",),
        dict(job=lambda one, day: None, noon=lambda one, day: one.back_up(day), also=("copy_behind",)),
    ),
    (
        5,
        "a new database that no job knows",
        44,
        ("not_in_policy",),
        dict(job=lambda one, day: one.back_up(day, beside=("oa_new",))),
    ),
    # Due by the end of July: on the first of August it is missed.
    (6, "drill not held", 42, ("not_drilled",), dict(drill=False, hit_before=12, later=19)),
    (
        1,
        "yesterday's under today's name",
        80,
        ("same_as_before",),
        dict(
            job=same_again,
            also=(
                "old_inside",
                "missing",
                "fingerprint_edited",
                "rows_differ",
                "copy_missing",
                "copy_behind",
            ),
        ),
    ),
)
# What, day, reasons, the rest.
_OF_CITY = (
    (
        "file left out of the increment",
        37,
        ("files_missing",),
        dict(mishap=left_out, until=6, also=("orphan", "link_damaged")),
    ),
    (
        "increment deleted",
        66,
        ("vanished",),
        dict(
            mishap=deleted,
            hit_before=1,
            until=6,
            also=("orphan", "retention_short", "eating_good", "link_damaged"),
        ),
    ),
)
