"""Defects of the container and the manifest, by somebody without any key."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

from parts import loaded

defects = loaded("verify/defects.py")
defect = defects.defect


@defect("bad_container")
def truncated(kit: Any, out: Path) -> Path:
    out.write_bytes(kit.good.read_bytes()[:-100])
    return out


@defect("bad_container")
def empty_file(kit: Any, out: Path) -> Path:
    out.write_bytes(b"")
    return out


@defect("bad_member")
def member_missing(kit: Any, out: Path) -> Path:
    members = kit.members()
    del members["log/notes.json"]
    return kit.spoil.write_members(out, members)


@defect("bad_member")
def member_added(kit: Any, out: Path) -> Path:
    return kit.spoil.write_members(out, kit.members() | {"readme.txt": b"trust us"})


@defect("bad_member")
def bodies_altered(kit: Any, out: Path) -> Path:
    members = kit.members()
    lines = gzip.decompress(members["bodies/000000.gz"]).replace(b'"refused"', b'"connect"')
    members["bodies/000000.gz"] = gzip.compress(lines, mtime=0)
    return kit.spoil.write_members(out, members)


@defect("bad_manifest")
def line_altered_and_manifest_signed_by_another_key(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[0]
    body = parts.bodies[at]
    parts.bodies[at] = replace(body, data=body.data.replace(b'"connected"', b'"connectee"', 1))
    return parts.write(out, kit.spoil.STRANGER)


@defect("bad_manifest")
def manifest_is_no_json(kit: Any, out: Path) -> Path:
    return kit.spoil.write_members(out, kit.members() | {"manifest.json": b"{"})


@defect("bad_manifest")
def manifest_of_another_log(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.manifest = replace(parts.manifest, log="other.example/log")
    return parts.write(out, kit.log)


@defect("bad_manifest")
def member_left_out_of_the_manifest_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.drop.add("claims/availability.json")
    return parts.write(out, kit.log)
