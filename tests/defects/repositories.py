"""Repositories of the world: restic and borg, three days of the same files."""

import shutil
import subprocess

import files
import world as w

PASSWORD = "not-a-real-Secret-7"


def restic(repository, *words, password=PASSWORD, at=None):
    """Run restic."""
    env = {"RESTIC_PASSWORD": password, "RESTIC_CACHE_DIR": str(repository.parent.parent / "restic-cache")}
    return w.run(w.tool("restic"), "-r", repository, "-q", *words, env=env, at=at)


def borg(*words, password=PASSWORD, base, cwd=None):
    """Run borg; what it remembers of a repository would not fit one that was put back."""
    shutil.rmtree(base, ignore_errors=True)
    env = {
        "BORG_PASSPHRASE": password,
        "BORG_BASE_DIR": str(base),
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
    }
    return w.run(w.tool("borg"), *words, env=env, cwd=cwd)


def restic_days(world, repository, kept=None):
    """Three snapshots; `kept`: where the repository is kept as it was after each of them."""
    for number in range(len(w.DAYS)):
        restic_day(world, repository, number)
        keep(repository, kept, number)


def keep(repository, kept, number):
    """A copy of it as it is on that day."""
    if kept is not None:
        w.dated(repository, w.DAYS[number])
        subprocess.run(["cp", "-a", repository, kept / str(number)], check=True)


def restic_day(world, repository, number, *, live=True):
    """The snapshot of one day."""
    if live:
        files.live(world, files.documents(world)[number])
    restic(
        repository,
        "backup",
        "--host",
        "oa-1",
        "--tag",
        "daily",
        "--time",
        f"{w.DAYS[number]:%Y-%m-%d %H:%M:%S}",
        world.folder("sources") / "live",
    )


def make_restic(world, kind):
    """A repository with three snapshots."""
    files.keys(world)
    top = world.folder("good", kind)
    repository = top / "repository"
    restic(repository, "init")
    restic_days(world, repository, world.folder("as-of", kind))
    return _made(world, kind, top, repository)


def borg_days(world, repository, kept=None):
    """Three archives; `kept` as of restic."""
    for number in range(len(w.DAYS)):
        borg_day(world, repository, number)
        keep(repository, kept, number)


def borg_day(world, repository, number, *, name="", live=True):
    """The archive of one day."""
    if live:
        files.live(world, files.documents(world)[number])
    at = w.DAYS[number]
    borg(
        "create",
        "--timestamp",
        f"{at.astimezone(w.timezone.utc):%Y-%m-%dT%H:%M:%S}",
        f"{repository}::{name or f'oa-{at:%Y%m%d}'}",
        "live",
        base=world.folder("borg-base"),
        cwd=world.folder("sources"),
    )


def make_borg(world, kind):
    """A repository with three archives."""
    files.keys(world)
    top = world.folder("good", kind)
    repository = top / "repository"
    borg("init", "-e", "repokey-blake2", repository, base=world.folder("borg-base"))
    borg_days(world, repository, world.folder("as-of", kind))
    return _made(world, kind, top, repository)


def _made(world, kind, top, repository):
    w.dated(repository, w.DAYS[2])
    _, prints = files.manifests(world, files.documents(world), f"of-{kind}")
    params = {"path": str(repository), "password": "ops"}
    as_of = [world.folder("as-of", kind) / str(number) for number in range(len(w.DAYS))]
    facts = {"prints": prints, "policy": {"kind": "files"}, "as_of": as_of}
    return w.Made(kind, top, [repository] * 3, f"backup.{kind}", params, facts)
