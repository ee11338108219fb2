"""Defects of what agents say."""

from pathlib import Path
from typing import Any

from parts import loaded

from checks.wire import header as headers
from checks.wire.header import SeenNote

defects = loaded("verify/defects.py")
defect, spoiled = defects.defect, defects.spoiled


@defect("judged_differently")
def line_that_does_not_follow_from_its_facts_by_agent(kit: Any, out: Path) -> Path:
    def whitewash(lines: list[bytes]) -> list[bytes]:
        assert any(b"refused" in line for line in lines)
        good = b'"readings":[["connect",900,"us","ok"]],"state":"ok"}'
        return [line.partition(b'"readings"')[0] + good if b"refused" in line else line for line in lines]

    return kit.agent_lies(out, "watch-01", 14, whitewash)


@defect("bad_line")
def line_from_another_vantage_by_agent(kit: Any, out: Path) -> Path:
    def rename(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b'"vantage":"web-01"', b'"vantage":"db-01"') for line in lines]

    return kit.agent_lies(out, "web-01", 5, rename)


@defect("bad_line")
def line_with_a_key_twice_by_agent(kit: Any, out: Path) -> Path:
    return kit.agent_lies(out, "web-01", 5, lambda lines: [lines[0][:-1] + b',"state":"ok"}', *lines[1:]])


@defect("bad_line")
def line_that_is_no_result_by_agent(kit: Any, out: Path) -> Path:
    return kit.agent_lies(out, "web-01", 5, lambda lines: [b'{"i":1}', b"\xff\xfe", b"[]", *lines[1:]])


@defect("bad_line")
def line_with_facts_of_another_check_by_agent(kit: Any, out: Path) -> Path:
    def swap(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b'"facts":{', b'"facts":{"more":1,') for line in lines]

    return kit.agent_lies(out, "web-01", 5, swap)


@defect("bad_plan")
def line_with_other_parameters_by_agent(kit: Any, out: Path) -> Path:
    def lax(lines: list[bytes]) -> list[bytes]:
        head, key, rest = lines[0].partition(b'"params":"')
        return [head + key + b"00" * 32 + rest[64:], *lines[1:]]

    return kit.agent_lies(out, "web-01", 5, lax)


@spoiled("bad_plan")
def plan_that_is_not_in_the_log_by_agent(kit: Any, parts: Any) -> None:
    at = parts.batches("web-01")[6]
    parts.change_header(at, kit.signers["web-01"], plan="ee" * 32)
    parts.relink(at, kit.signers["web-01"])


@spoiled("bad_plan")
def plan_of_another_agent_by_agent(kit: Any, parts: Any) -> None:
    at, other = parts.batches("web-01")[6], parts.batches("db-01")[6]
    plan = headers.parse(parts.parsed(other).header).plan
    parts.change_header(at, kit.signers["web-01"], plan=plan)
    parts.relink(at, kit.signers["web-01"])


@spoiled("bad_seen")
def agent_saw_another_log(kit: Any, parts: Any) -> None:
    at = parts.batches("web-01")[6]
    seen = headers.parse(parts.parsed(at).header).seen
    parts.change_header(at, kit.signers["web-01"], seen=SeenNote(seen.size, "ab" * 32))
    parts.relink(at, kit.signers["web-01"])


@spoiled("bad_seen")
def agent_saw_what_was_never_published(kit: Any, parts: Any) -> None:
    at = parts.batches("web-01")[6]
    parts.change_header(at, kit.signers["web-01"], seen=SeenNote(3, "ab" * 32))
    parts.relink(at, kit.signers["web-01"])


@spoiled("bad_seen")
def agent_saw_the_future(kit: Any, parts: Any) -> None:
    at = parts.batches("web-01")[6]
    last = parts.notes[-1][0]
    parts.change_header(at, kit.signers["web-01"], seen=SeenNote(last, "ab" * 32))
    parts.relink(at, kit.signers["web-01"])


@defect("bad_seen")
def notes_left_out_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.notes = parts.notes[::2]
    return parts.write(out, kit.log)


@spoiled("bad_chain")
def loss_hidden_by_liar(kit: Any, parts: Any) -> None:
    at = next(i for i, raw in enumerate(parts.entries) if b'"kind":"loss"' in raw and b"web-01" in raw)
    del parts.entries[at], parts.bodies[at]
