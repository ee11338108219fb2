"""Golden vectors: name -> text, all made from the seeds in samples.py.

`python tests/wire/golden_make.py` writes golden/golden.json and the quotes in docs/evidence.md again:
only after a deliberate change of the format, for every kept bundle was made with the old one.
"""

import importlib.util
import json
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from checks.wire import (
    chain,
    checkpoint,
    entry,
    frame,
    header,
    lines,
    note,
    numbers,
    strict_json,
    tiles,
    token,
    tree,
)
from checks.wire.pae import pae
from collector.inspection import human
from collector.notify import receipts, rules
from collector.notify.means import address_digest
from collector.statements import text
from collector.statements.persons import Request, encode_request

HERE = Path(__file__).parent
FILE = HERE / "golden/golden.json"
DOCUMENT = HERE.parents[1] / "docs/evidence.md"
RECEIVED = 1_800_000_010_123


def _samples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("roundseal_golden_samples", HERE / "samples.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


S = _samples()


def _hexes(hashes: list[bytes]) -> str:
    return " ".join(one.hex() for one in hashes)


def keys() -> dict[str, str]:
    made = {}
    for name, signer in (("agent", S.AGENT), ("next", S.NEXT), ("log", S.LOG), ("witness", S.WITNESS)):
        made[f"key.{name}.public"] = signer.public.hex()
        made[f"key.{name}.id"] = signer.key_id.hex()
    made["key.agent.code"] = token.approval_code(S.AGENT.public)
    made["vkey.log"] = str(note.make_vkey(S.ORIGIN, S.LOG.public))
    made["vkey.witness"] = str(note.make_vkey("witness.example/w", S.WITNESS.public, note.TYPE_COSIGNATURE))
    made["vkey.log.sha256"] = note.parse_vkey(made["vkey.log"]).digest.hex()
    one = token.Token("t1", bytes(16), bytes(range(32)), bytes.fromhex(made["vkey.log.sha256"]))
    made["token"] = token.make_token(one)
    made["token.loopback"] = token.make_token(replace(one, spki_pin=None))
    made["pae"] = pae(frame.BATCH_TYPE, b"{}").decode()
    return made


def bodies() -> dict[str, str]:
    found = S.batch_lines(3)
    made = {f"lines.{i}": line.decode() for i, line in enumerate(found)}
    made["lines.salt.1"] = lines.salts(S.SEED, 3)[1].hex()
    made |= {f"lines.leaf.{i}": leaf.hex() for i, leaf in enumerate(lines.leaves(S.SEED, found))}
    made["lines.path.3.1"] = _hexes(lines.line_path(S.SEED, found, 1))
    made["lines.partial.3"] = lines.encode_partial(lines.hide(S.SEED, found, {1})).hex()
    for n in (0, 1, 2, 3, 50, 255, 256, 257):
        batch = S.batch_lines(n)
        made[f"lines.root.{n}"] = lines.body_root(S.SEED, batch).hex()
        made[f"lines.body.{n}.sha256"] = sha256(lines.join(batch)).hexdigest()
    return made


def batches() -> dict[str, str]:
    three = S.batch_lines(3)
    made = {"statement": S.STATEMENT.decode(), "chain.statement": chain.chain_hash(S.STATEMENT).hex()}
    sealed = {
        "results": S.seal(S.results(three), three),
        "loss": S.seal(S.loss(), []),
        "resume": S.seal(S.resume(), []),
        "rotate": S.seal(S.rotate(), [], S.AGENT, S.NEXT),
    }
    for name, one in sealed.items():
        made[f"header.{name}"] = one.header.decode()
        made[f"chain.{name}"] = chain.chain_hash(one.header).hex()
        made[f"frame.{name}"] = frame.encode(one).hex()
    for n in (1, 2, 50, 255, 256, 257):
        batch = S.batch_lines(n)
        data = frame.encode(S.seal(S.results(batch), batch))
        made[f"frame.{n}.sha256"] = sha256(data).hexdigest()
    whole = entry.Entry(
        numbers.EntryKind.BATCH, RECEIVED, sealed["results"].header, sealed["results"].signatures
    )
    made["entry.results"] = entry.encode(whole).hex()
    made["entry.results.leaf"] = whole.leaf.hex()
    approve = b'{"v":1,"log":"log.example/luohe","agent":"web-01","epoch":1}'
    signatures = entry.sign_statement(numbers.EntryKind.APPROVE, approve, S.LOG)
    made["entry.approve"] = entry.encode(
        entry.Entry(numbers.EntryKind.APPROVE, RECEIVED, approve, signatures)
    ).hex()
    return made


def statements() -> dict[str, str]:
    """Statements of people about a round: an arrival (entry 41), a sheet (entry 42), its sign-off."""
    sheet = human.encode_sheet(S.SHEET)
    heads = {
        "arrival": S.head(human.ARRIVAL),
        "sheet": S.head(human.HUMAN, asset=S.SHEET.asset, arrival=41),
        "sign_off": S.head(human.SIGN_OFF, upto=42, count=1),
    }
    named = {"digest": sha256(sheet).hexdigest(), "bytes": len(sheet)}
    made = {"human.sheet": sheet.decode()}
    for name, head in heads.items():
        whole = {"v": 1, "log": S.ORIGIN, **human.header(head), **(named if name == "sheet" else {})}
        made[f"human.{name}.header"] = strict_json.dumps(whole).decode()
    header_bytes = made["human.sheet.header"].encode()
    signed = entry.sign_statement(numbers.EntryKind.STATEMENT, header_bytes, S.LOG)
    one = entry.Entry(numbers.EntryKind.STATEMENT, RECEIVED, header_bytes, signed)
    return made | {"entry.human": entry.encode(one).hex(), "entry.human.leaf": one.leaf.hex()}


def persons() -> dict[str, str]:
    """A person's key, vouched for by another's; a statement that he signed, and its entry."""
    request = encode_request(Request(S.ORIGIN, "jia", "buyer", S.PERSON.public, S.T0))
    vouched = [text.sign(request, one, text.PERSON_KEY) for one in (S.PERSON, S.VOUCHER)]
    key = {"kind": "key", "subject": "jia", "by": "yi", "role": "buyer"}
    key |= {"said": request.decode(), "signatures": text.listed(vouched)}
    said = text.encode(S.SAID)
    whole = {"kind": "satisfaction", "subject": "centre", "by": "jia", "role": "buyer"}
    whole |= {"late": False, "two": False, "said": said.decode()}
    whole["signatures"] = text.listed([text.sign(said, S.PERSON)])
    made = {"person.key.text": request.decode(), "person.text": said.decode()}
    for name, header_of in (("person.key.header", key), ("person.header", whole)):
        made[name] = strict_json.dumps({"v": 1, "log": S.ORIGIN, **header_of}).decode()
    header_bytes = made["person.header"].encode()
    signed = entry.sign_statement(numbers.EntryKind.STATEMENT, header_bytes, S.LOG)
    one = entry.Entry(numbers.EntryKind.STATEMENT, RECEIVED, header_bytes, signed)
    return made | {"entry.person": entry.encode(one).hex(), "entry.person.leaf": one.leaf.hex()}


def messages() -> dict[str, str]:
    """What became of a message, and its entry."""
    items = (receipts.Item("fault", "portal@2027-01-15T08:00:00Z", "begun"),)
    to, words = rules.digest_of("secret:duty"), sha256("【故障】门户网站\n\n开始：16:00".encode()).hexdigest()
    address = address_digest(bytes(32), "json://duty.example/hook")
    estate = sha256(b"estate: example\n").hexdigest()
    one = (estate, to, address, "secret", True, S.T0 + 10_000, 1, words, items)
    head = receipts.header(receipts.Message(-1, RECEIVED, *one))
    text_of = strict_json.dumps({"v": 1, "log": S.ORIGIN, "kind": "collector", **head})
    signed = entry.sign_statement(numbers.EntryKind.COLLECTOR, text_of, S.LOG)
    made = entry.Entry(numbers.EntryKind.COLLECTOR, RECEIVED, text_of, signed)
    return {
        "message.header": text_of.decode(),
        "entry.message": entry.encode(made).hex(),
        "entry.message.leaf": made.leaf.hex(),
    }


def log() -> dict[str, str]:
    leaves = [tree.leaf_hash(i.to_bytes(8, "big")) for i in range(70_000)]
    made = {}
    for size in (0, 1, 255, 256, 257, 65_535, 65_536, 70_000):
        made[f"log.root.{size}"] = tree.root(leaves[:size]).hex()
    nodes = tree.node_source(leaves)
    frontier = tree.Frontier()
    frontier.extend(leaves[:257])
    made["log.frontier.257"] = frontier.serialise().hex()
    made["log.inclusion.69999.70000"] = _hexes(tree.inclusion_proof(nodes, 69_999, 70_000))
    made["log.consistency.255.257"] = _hexes(tree.consistency_proof(nodes, 255, 257))
    made["log.tiles.70000"] = " ".join(tile.path for tile in list(tiles.tiles_of(70_000))[-4:])
    made["log.bundle"] = tiles.bundle([b"one", b"", b"\xff" * 3]).hex()
    head = checkpoint.format_checkpoint(checkpoint.Checkpoint(S.ORIGIN, 70_000, tree.root(leaves)))
    made["note.checkpoint"] = note.add_line(
        note.sign(head, S.ORIGIN, S.LOG),
        note.cosign_line(head, "witness.example/w", S.WITNESS, 1_800_000_300),
    ).decode()
    return made


def make() -> dict[str, str]:
    """All golden vectors."""
    return keys() | bodies() | batches() | statements() | persons() | messages() | log()


def quoted(value: str) -> str:
    """How the document quotes a value: on one line."""
    return json.dumps(value, ensure_ascii=False) if "\n" in value else value


def fill(document: str, made: dict[str, str]) -> str:
    """The document with every quote made again."""
    out, inside = [], False
    for line in document.split("\n"):
        if line.startswith("```"):
            inside = line == "```golden"
        elif inside:
            name = line.split(" = ")[0]
            line = f"{name} = {quoted(made[name])}"
        out.append(line)
    return "\n".join(out)


def main() -> int:
    made = make()
    assert header.parse(made["header.results"].encode()).n == 3
    FILE.write_text(json.dumps(made, ensure_ascii=False, indent=0) + "\n")
    DOCUMENT.write_text(fill(DOCUMENT.read_text(), made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
