"""An oracle that reads both databases by itself.

It knows what an agent signed from the agent's own outbox, and what the collector holds from the
collector's own tables; it shares no code with either side but the wire format, and compares the two.
"""

import json

from parts import loaded

from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire import note, tree
from checks.wire.chain import chain_hash
from checks.wire.checkpoint import open_checkpoint
from checks.wire.frame import Frame
from collector.store import compact

harness = loaded("e2e/harness.py")
AGENT, lines_of = harness.AGENT, harness.lines_of


def check_log(site):
    """Positions without a hole, tree, tiles and every checkpoint as computed here; the vkey's signature."""
    rows = site.rows("SELECT idx, data FROM entry ORDER BY idx")
    assert [idx for idx, _ in rows] == list(range(len(rows)))
    leaves = [tree.leaf_hash(compact.unpack(data)) for _, data in rows]
    vkey = note.parse_vkey((site.directory / "keys" / "log.vkey").read_text().strip())
    heads = site.rows("SELECT size, root, note FROM checkpoint ORDER BY size")
    for size, root, text in heads:
        checkpoint, _ = open_checkpoint(text.encode(), vkey)
        assert (checkpoint.size, checkpoint.root) == (size, root)
    # Roots of all sizes in one pass; recomputing each would be quadratic.
    assert {size: root for size, root, _ in heads} == roots(leaves, {size for size, _, _ in heads})
    for level, n, data in site.rows("SELECT level, n, data FROM tile ORDER BY level, n"):
        width = 256**level
        hashes = [
            tree.root(leaves[i : i + width]) for i in range(n * 256 * width, (n + 1) * 256 * width, width)
        ]
        assert data == b"".join(hashes)
    full = len(rows) // 256
    assert site.rows("SELECT count(*) FROM tile WHERE level = 0") == [(full,)]


def roots(leaves, sizes):
    """Root at each of these sizes, from one growing stack of complete subtrees."""
    stack, found = [], {}
    for count, leaf in enumerate(leaves, 1):
        stack.append((1, leaf))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            (n, right), (_, left) = stack.pop(), stack.pop()
            stack.append((2 * n, tree.node_hash(left, right)))
        if count in sizes:
            acc = stack[-1][1]
            for _, left in reversed(stack[:-1]):
                acc = tree.node_hash(left, acc)
            found[count] = acc
    return found


def check_chain(site, name=AGENT, epoch=1):
    """One unbroken chain from the enrolment statement; signatures; bodies hash to their headers."""
    ((statement,),) = site.rows("SELECT statement FROM agent WHERE agent = ? AND epoch = ?", name, epoch)
    public = bytes.fromhex(json.loads(statement)["public"])
    logged = site.logged(name, epoch)
    assert sorted(logged) == list(range(len(logged)))
    prev, found = chain_hash(bytes(statement)).hex(), {}
    for seq in sorted(logged):
        assert len(logged[seq]) == 1, f"seq {seq} stands in the log {len(logged[seq])} times"
        idx, one = logged[seq][0]
        header = headers.parse(one.header)
        assert (header.seq, header.prev) == (seq, prev)
        assert frames.verify_header(one.header, one.signatures, public)
        prev = chain_hash(one.header).hex()
        body = site.rows("SELECT seed, enc, data FROM body WHERE idx = ?", idx)
        if header.n:
            seed, enc, data = body[0]
            lines = lines_of(Frame(one.header, one.signatures, seed, enc, data))
            assert bodies.body_root(seed, lines).hex() == header.root
            found[seq] = lines
        else:
            assert not body
    return found


def check_all(site, machine, name=AGENT, epoch=1):
    """Every result that the agent signed stands in the log exactly once; chain and tree are whole."""
    machine.look()
    check_log(site)
    held = check_chain(site, name, epoch)
    logged = site.logged(name, epoch)
    for seq, header in machine.seen.headers.items():
        assert [one.header for _, one in logged.get(seq, [])] == [header], f"seq {seq}"
    in_log = [line for lines in held.values() for line in lines]
    assert len(in_log) == len(set(in_log)), "a result stands in the log twice"
    waiting = {line for (line,) in machine.rows("SELECT line FROM pending")}
    missing = machine.seen.lines - set(in_log) - waiting
    assert not missing, f"{len(missing)} results that were durable are lost"
    for seq, idx in machine.rows("SELECT seq, idx FROM batch WHERE state IN ('accepted', 'proven')"):
        assert idx is None or logged[seq][0][0] == idx
    assert machine.meta("log_alarm") is None and machine.meta("halt") is None
    return len(machine.seen.headers), len(in_log)


def sizes(site):
    """Numbers of lines of the batches in the log."""
    found = (entry for copies in site.logged().values() for _, entry in copies)
    return [headers.parse(entry.header).n for entry in found]
