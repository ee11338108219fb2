"""Defects of bodies: lines and documents that are missing or others."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

from parts import loaded

from checks.wire.numbers import EntryKind

defects = loaded("verify/defects.py")
defect = defects.defect


@defect("bad_body")
def body_missing(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.bodies[parts.batches("web-01")[2]] = kit.spoil.Absent()
    return parts.write(out, kit.log)


@defect("bad_body")
def body_said_to_be_pruned(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.bodies[parts.batches("web-01")[2]] = kit.spoil.Absent(pruned=True)
    return parts.write(out, kit.log)


@defect("bad_body")
def body_of_another_batch(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    first, second = parts.batches("web-01")[2:4]
    parts.bodies[first] = parts.bodies[second]
    return parts.write(out, kit.log)


@defect("bad_body")
def result_line_dropped(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("watch-01")[13]
    body = parts.bodies[at]
    parts.bodies[at] = replace(body, data=b"".join(body.data.splitlines(keepends=True)[1:]))
    return parts.write(out, kit.log)


@defect("bad_body")
def result_line_altered_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("watch-01")[14]
    body = parts.bodies[at]
    assert b"refused" in body.data
    parts.bodies[at] = replace(body, data=body.data.replace(b"refused", b"refuser"))
    return parts.write(out, kit.log)


@defect("bad_body")
def document_of_a_plan_missing(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.bodies[parts.kinds(EntryKind.PLAN)[1]] = kit.spoil.Absent()
    return parts.write(out, kit.log)


@defect("bad_body")
def terms_replaced_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.PLAN)[0]
    body = parts.bodies[at]
    parts.bodies[at] = replace(body, data=body.data.replace(b"[999,1000]", b"[900,1000]"))
    return parts.write(out, kit.log)


@defect("bad_member")
def bodies_bomb(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.extra["bodies/000000.gz"] = gzip.compress(bytes(64 << 20), mtime=0)
    return parts.write(out, kit.log)
