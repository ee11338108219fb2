"""File trees, archives of them, and what is encrypted: made by tar, zip, 7z, age, gpg, openssl."""

import hashlib
import json
import os
import shutil
import subprocess

import verify as v
import world as w
import yaml

PASSPHRASE = "not-a-real-Secret-7"
WORDS = (
    "关于进一步加强",
    "办公系统",
    "运维",
    "的通知",
    "各县区",
    "document",
    "budget",
    "2026",
    "\n",
    "，",
    "。",
)


def documents(world):
    """The files of an office system, a directory for each day: what a source held at that hour."""

    def make(_):
        top = world.folder("sources", "files")
        chance = world.random.__class__(world.seed)
        count = max(40, min(2000, world.size // 50_000))
        each = max(world.size // count // 2, 512)
        first = top / f"{w.DAYS[0]:%Y%m%d}"
        for number in range(count):
            path = first / f"处室{number % 7}" / f"文件{number:05d}.{('txt', 'bin')[number % 3 == 0]}"
            path.parent.mkdir(parents=True, exist_ok=True)
            size = int(each * chance.lognormvariate(0, 0.5)) + 1
            path.write_bytes(_body(chance, size, packed=number % 3 == 0))
            w.dated(path, w.DAYS[0] - w.timedelta(days=number % 300 + 1))
        # The files one would forget: empty, quoted, in GBK.
        (first / "empty.txt").touch()
        with open(os.fsencode(first) + "/报告.txt".encode("gbk"), "wb") as out:
            out.write(b"GBK\n")
        held = first
        for number, at in enumerate(w.DAYS[1:], 1):
            held = _next(held, top / f"{at:%Y%m%d}", number, chance)
        return [top / f"{at:%Y%m%d}" for at in w.DAYS]

    return world.once("documents", make)


def _body(chance, size, *, packed):
    if packed:
        return chance.randbytes(size)
    text = "".join(chance.choices(WORDS, k=min(size // 8, 20_000) + 1)).encode()
    return (text * (size // len(text) + 1))[:size]


def _next(held, folder, number, chance):
    # A day's work: some files new, some changed, some gone.
    subprocess.run(["cp", "-a", held, folder], check=True)
    files = sorted(p for p in folder.rglob("文件*") if p.is_file())
    at = w.DAYS[number] - w.timedelta(hours=10)
    for path in chance.sample(files, max(len(files) // 20, 3)):
        path.write_bytes(path.read_bytes()[: -10 or None] + chance.randbytes(200))
        w.dated(path, at)
    for path in chance.sample(files, 2):
        path.unlink()
    for new in range(max(len(files) // 20, 2)):
        path = folder / "处室1" / f"新文件{number}-{new}.txt"
        path.write_bytes(_body(chance, 3000, packed=False))
        w.dated(path, at)
    return folder


def archive(kind, source, path, at, *, level=6, password=PASSPHRASE):
    """Pack a directory."""
    if kind == "tar.gz":
        with open(path, "wb") as out:
            packed = ["tar", "-C", source, "--sort=name", "-cf", "-", "."]
            tar = subprocess.run(packed, check=True, capture_output=True)
            subprocess.run(["gzip", "-n", f"-{level}"], input=tar.stdout, stdout=out, check=True)
    else:
        w.tool("7z")
        method = ["-tzip", "-mem=AES256"] if kind == "zip" else ["-t7z", "-mhe=on"]
        w.run("7z", "a", "-bd", "-y", "-mx=1", *method, f"-p{password}", path, ".", cwd=source)
    _finish(path, at)


def _finish(path, at):
    w.noted(path)
    for one in (path, *path.parent.glob(path.name + ".*")):
        one.chmod(0o600)
        w.dated(one, at + w.timedelta(minutes=1))


def keys(world):
    """Keys of operations and of the buyer's escrow: age identities and a gpg home each."""

    def make(_):
        top = world.folder("keys")
        for name in ("ops", "escrow", "stranger"):
            path = top / f"{name}.age"
            said = w.run(w.tool("age-keygen"), "-o", path)
            (top / f"{name}.pub").write_text(said.stderr.decode().split(": ")[1])
            home = top / f"{name}.gpg"
            home.mkdir(mode=0o700)
            _gpg_key(world, home, name)
        secret(world, top)
        for name in ("escrow", "stranger"):
            public = w.run("gpg", "--homedir", top / f"{name}.gpg", "--export", f"{name}@example.org").stdout
            w.run("gpg", "--homedir", top / "ops.gpg", "--batch", "--import", input=public)
        return top

    return world.once("keys", make)


def secret(world, top):
    """The agent's secrets: operations' keys, under the name `ops`."""
    state = world.folder("state")
    state.chmod(0o700)
    path = state / "secrets.yaml"
    held = {name: _secret_of(top, name) for name in ("ops", "stranger")}
    held["both"] = {key: held["ops"][key] + held["stranger"][key] for key in ("identity", "key")}
    path.write_text(yaml.safe_dump(held))
    path.chmod(0o600)
    return state


def _secret_of(top, name):
    argv = ["gpg", "--homedir", top / f"{name}.gpg", "--batch", "--armor", "--export-secret-keys"]
    word = PASSPHRASE if name == "ops" else "another"
    armoured = w.run(*argv, f"{name}@example.org").stdout.decode()
    return {
        "identity": (top / f"{name}.age").read_text(),
        "key": armoured,
        "password": word,
        "passphrase": word,
    }


def sealed(world, scheme):
    """How artefacts must be sealed, as the policy says it."""
    found = {"scheme": scheme, "secret": "ops"}
    if scheme == "age":
        found["recipients"] = ["ops", "buyer-escrow"]
    if scheme == "gpg":
        found["recipients"] = [key_id(world, name) for name in ("ops", "escrow")]
    return found


def key_id(world, name):
    """The key id of the part that encrypts."""
    said = w.run(
        "gpg",
        "--homedir",
        keys(world) / f"{name}.gpg",
        "--batch",
        "--with-colons",
        "-k",
        f"{name}@example.org",
    )
    rows = [line.split(":") for line in said.stdout.decode().splitlines()]
    return next(row[4] for row in rows if row[0] == "sub")


def _gpg_key(world, home, name):
    w.tool("gpg")
    who = f"{name}@example.org"
    w.run(
        "gpg",
        "--homedir",
        home,
        "--batch",
        "--passphrase",
        "",
        "--quick-gen-key",
        who,
        "future-default",
        "default",
        "never",
    )
    world.open.callback(subprocess.run, ["gpgconf", "--homedir", home, "--kill", "all"], check=False)


def seal(world, scheme, source, path, at, *, to=("ops", "escrow"), cipher="aes-256-cbc", password=PASSPHRASE):
    """Encrypt a file."""
    top = keys(world)
    path.unlink(missing_ok=True)
    if scheme == "age":
        who = [word for name in to for word in ("-r", (top / f"{name}.pub").read_text().strip())]
        w.run(w.tool("age"), *who, "-o", path, source)
    elif scheme == "gpg":
        who = [word for name in to for word in ("-r", f"{name}@example.org")]
        w.run(
            "gpg",
            "--homedir",
            top / "ops.gpg",
            "--batch",
            "--trust-model",
            "always",
            "--encrypt",
            *who,
            "-o",
            path,
            source,
        )
    else:
        w.run(
            "openssl",
            "enc",
            f"-{cipher}",
            "-pbkdf2",
            "-iter",
            "10000",
            "-salt",
            "-pass",
            "stdin",
            "-in",
            source,
            "-out",
            path,
            input=password.encode() + b"\n",
        )
    _finish(path, at)


def make_archive(world, kind):
    """A kind's artefacts: the whole tree packed each day."""
    top = world.folder("good", kind)
    top.chmod(0o700)
    ending = {"tar.gz": ".tar.gz", "zip": ".zip", "7z": ".7z"}[kind]
    for source, at in zip(documents(world), w.DAYS, strict=True):
        archive(kind, source, top / f"{at:%Y%m%d}{ending}", at)
    return _made(world, kind, top, ending)


INNER = {"age": ("pg-custom", ".dump"), "gpg": ("pg-plain.gz", ".sql.gz"), "openssl": ("tar.gz", ".tar.gz")}
ENDING = {"age": ".age", "gpg": ".gpg", "openssl": ".enc"}


def make_sealed(world, kind):
    """A kind's artefacts: another kind's, encrypted for operations and escrow."""
    top = world.folder("good", kind)
    top.chmod(0o700)
    inner, ending = INNER[kind]
    for source, at in zip(world.made(inner).days, w.DAYS, strict=True):
        path = top / f"{source.name}{ENDING[kind]}"
        seal(world, kind, source, path, at)
        for sidecar in source.parent.glob(source.name + ".*.json") if kind == "age" else ():
            held = {**json.loads(sidecar.read_text("utf-8"))}
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            held["artefact"] = {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}
            target = top / sidecar.name.replace(source.name, path.name)
            target.write_text(json.dumps(held), "utf-8")
            target.chmod(0o600)
            w.dated(target, at + w.timedelta(minutes=1))
    return _made(world, kind, top, ending + ENDING[kind])


def _made(world, kind, top, ending):
    keys(world)
    params = {"path": str(top / f"%Y%m%d{ending}")}
    if kind != "tar.gz":
        params["sealed"] = sealed(world, kind)
    days = [top / f"{at:%Y%m%d}{ending}" for at in w.DAYS]
    if kind == "age":
        # Sealed dumps, read as dumps.
        return w.Made(kind, top, days, "backup.postgres", params, {"prints": v.prints_of(days)})
    facts = {}
    if kind in ("tar.gz", "zip", "7z"):
        _, prints = manifests(world, documents(world), f"of-{kind}")
        facts = {"prints": prints, "policy": {"kind": "files"}}
    return w.Made(kind, top, days, "backup.archive", params, facts)


def manifests(world, sources, name, shelf=""):
    """Manifests of a tree, day by day, by the source's own agent: the files, and what it signed of them."""
    state, shelf = v.State(), world.folder("source-state", shelf or name)
    found, prints = [], []
    for number, at in enumerate(w.DAYS):
        top = live(world, sources[number])
        line = v.look(
            state, "backup.manifest", {"path": str(top), "object": name}, at, place="source", secrets=shelf
        )
        one = line.facts["artefacts"][0]
        found.append(next(shelf.rglob(one["file"])))
        prints.append(v.signed(one["base"]["fingerprint"], at, "", bytes=one["base"]["bytes"]))
    return found, prints


def live(world, source):
    """The one directory that is backed up, as it was on that day; what did not change is not touched."""
    place = world.folder("sources") / "live"
    place.mkdir(exist_ok=True)
    wanted = {p.relative_to(source) for p in source.rglob("*")}
    for path in sorted(place.rglob("*"), reverse=True):
        if path.relative_to(place) not in wanted:
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in (one for one in sorted(wanted) if (source / one).is_dir()):
        (place / name).mkdir(exist_ok=True)
    files = [name for name in sorted(wanted) if not (source / name).is_dir()]
    w.copied(
        source,
        place,
        [n for n in files if not (place / n).exists() or _stamp(place / n) != _stamp(source / n)],
    )
    for name in (one for one in wanted if (source / one).is_dir()):
        shutil.copystat(source / name, place / name)
    return place


def _stamp(path):
    held = path.lstat()
    return held.st_size, held.st_mtime_ns, held.st_mode


def make_tree(world, kind):
    """Daily copies of a tree; beside each the manifest that its source's agent made."""
    top = world.folder("good", kind)
    top.chmod(0o700)
    made, prints = manifests(world, documents(world), "oa-files")
    for number, at in enumerate(w.DAYS):
        path = top / f"{at:%Y%m%d}"
        subprocess.run(["cp", "-a", documents(world)[number], path], check=True)
        path.chmod(0o700)
        shutil.copy2(made[number], top / f"{at:%Y%m%d}.manifest.gz")
        for one in (path, top / f"{at:%Y%m%d}.manifest.gz"):
            os.utime(one, (at.timestamp() + 60,) * 2)
    days = [top / f"{at:%Y%m%d}" for at in w.DAYS]
    params = {"path": str(top / "%Y%m%d"), "object": "oa-files"}
    return w.Made(kind, top, days, "backup.tree", params, {"prints": prints, "policy": {"kind": "files"}})
