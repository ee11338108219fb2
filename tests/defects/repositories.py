"""Repositories of the world: restic and borg, three days of the same files."""

import shutil
import subprocess

import files
import world as w

PASSWORD = "not-a-real-Secret-7"


def live(world, number):
    """The one directory that is backed up, as it was on that day."""
    place = world.folder("sources") / "live"
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run(["cp", "-a", files.documents(world)[number], place], check=True)
    return place


def restic(repository, *words, password=PASSWORD, at=None):
    """Run restic."""
    env = {"RESTIC_PASSWORD": password, "RESTIC_CACHE_DIR": str(repository.parent.parent / "restic-cache")}
    return w.run(w.tool("restic"), "-r", repository, "-q", *words, env=env, at=at)


def borg(*words, password=PASSWORD, base, cwd=None):
    """Run borg."""
    env = {"BORG_PASSPHRASE": password, "BORG_BASE_DIR": str(base), "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
           "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}  # fmt: skip
    return w.run(w.tool("borg"), *words, env=env, cwd=cwd)


def make_restic(world, kind):
    """A repository with three snapshots."""
    top = world.folder("good", kind)
    repository = top / "repository"
    restic(repository, "init")
    for number, at in enumerate(w.DAYS):
        live(world, number)
        restic(repository, "backup", "--host", "oa-1", "--tag", "daily", "--time", f"{at:%Y-%m-%d %H:%M:%S}",
               world.folder("sources") / "live")  # fmt: skip
    return w.Made(kind, top, [repository] * 3, "backup.restic", {"path": str(repository)})


def make_borg(world, kind):
    """A repository with three archives."""
    top = world.folder("good", kind)
    repository, base = top / "repository", world.folder("borg-base")
    borg("init", "-e", "repokey-blake2", repository, base=base)
    for number, at in enumerate(w.DAYS):
        live(world, number)
        borg("create", "--timestamp", f"{at.astimezone(w.timezone.utc):%Y-%m-%dT%H:%M:%S}",
             f"{repository}::oa-{at:%Y%m%d}", "live", base=base, cwd=world.folder("sources"))  # fmt: skip
    return w.Made(kind, top, [repository] * 3, "backup.borg", {"path": str(repository)})
