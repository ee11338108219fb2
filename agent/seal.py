"""Making batches: lines become body, header, signature and the next link of the agent's chain.

Also the three repairs of a chain, each one transaction:
    lose     a batch that was refused, or batches that there is no room for, are replaced by one signed
             `loss` with the seq and prev of the first; what followed is signed again (rulings 15)
    resume   our chain is older than the log's (a restored snapshot): go on after the log's newest header
"""

import os
import sqlite3
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from agent.clock import Offset, Sample, synchronised
from agent.machine import code_digest
from agent.outbox import UNSENT, Batch, Head, Outbox, aside, insert_batch, put_meta, renumber, set_aside
from agent.state import Identity
from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire import tree
from checks.wire.chain import chain_hash
from checks.wire.frame import pack_body, sign_header
from checks.wire.header import Clock, Header, Kind, Loss, Resume, SeenNote
from checks.wire.numbers import ENC_GZIP, ENC_RAW, SEED_SIZE
from checks.wire.signing import Signer

MAX_BATCH_LINES = 256
MAX_BATCH_BYTES = 512 * 1024


class Moment(NamedTuple):
    """What a header says of the instant it was signed at."""

    sample: Sample
    boot: str
    offset: Offset | None
    plan: str


class _Body(NamedTuple):
    seed: bytes
    enc: int
    data: bytes


class Sealer:
    """Signs for one agent. Every header it makes is written in the same transaction."""

    def __init__(self, outbox: Outbox, identity: Identity, signer: Signer) -> None:
        self._outbox = outbox
        self._identity = identity
        self._signer = signer
        self._statement = b64decode(identity.statement)

    def head(self) -> Head:
        """End of our chain."""
        return self._outbox.head(self._statement)

    def flush(self, moment: Moment) -> int:
        """Put all waiting lines into batches; how many batches."""
        made = 0
        while self._outbox.waiting()[0]:
            made += self._flush_one(moment)
        return made

    def _flush_one(self, moment: Moment) -> int:
        with self._outbox.transaction("batch") as db:
            rows = _waiting(db)
            if not rows:
                return 0
            lines = [row[1] for row in rows]
            seed = os.urandom(SEED_SIZE)
            head = self.head()
            header = replace(
                self._blank(head, moment, Kind.RESULTS),
                n=len(lines),
                bytes=sum(map(len, lines)) + len(lines),
                plan=rows[0][4],
                root=bodies.body_root(seed, lines).hex(),
                from_ms=min(row[2] for row in rows),
                to_ms=max(row[3] for row in rows),
            )
            self._write(db, header, _Body(seed, ENC_GZIP, pack_body(lines)))
            db.execute("DELETE FROM pending WHERE id <= ?", (rows[-1][0],))
        return 1

    def lose(self, first: int, last: int, reason: str, moment: Moment) -> None:
        """Replace batches first..last by one loss, sign again what followed.

        None of them, and nothing after them, may be in the log: refused, or never sent.
        """
        with self._outbox.transaction("lose") as db:
            lost = [
                headers.parse(row[0])
                for row in db.execute(
                    "SELECT header FROM batch WHERE seq BETWEEN ? AND ? ORDER BY seq", (first, last)
                )
            ]
            db.execute("DELETE FROM batch WHERE seq BETWEEN ? AND ?", (first, last))
            set_aside(db, first)
            blank = self._blank(Head(first - 1, lost[0].prev), moment, Kind.LOSS)
            # One number stands for all of them: what followed moves up behind it.
            header = replace(
                blank,
                from_ms=min(h.from_ms for h in lost),
                to_ms=max(h.to_ms for h in lost),
                loss=Loss(first, first, reason),
            )
            self._again(db, self._write(db, header, _empty()))

    def resume(self, newest: bytes, moment: Moment) -> None:
        """Go on after `newest`, a header of ours that the log has and we have not."""
        had, after = self.head().seq, headers.parse(newest).seq
        with self._outbox.transaction("resume") as db:
            set_aside(db, 0)
            head = Head(after, chain_hash(newest).hex())
            header = replace(self._blank(head, moment, Kind.RESUME), resume=Resume(had, after, "behind"))
            self._again(db, self._write(db, header, _empty()))

    def _again(self, db: sqlite3.Connection, head: Head) -> None:
        """Sign what was set aside once more, with new numbers behind `head`; nothing else in it changes."""
        for number, data in aside(db):
            header = headers.parse(data)
            moved = replace(header, seq=head.seq + 1, prev=head.hash)
            if header.loss is not None:
                moved = replace(moved, loss=Loss(moved.seq, moved.seq, header.loss.reason))
            if header.resume is not None:
                moved = replace(moved, resume=replace(header.resume, after=head.seq))
            again = headers.encode(moved)
            (signature,) = sign_header(again, self._signer)
            renumber(db, number, moved.seq, again, signature)
            head = _move_head(db, moved.seq, again)

    def _write(self, db: sqlite3.Connection, header: Header, body: _Body) -> Head:
        """Sign and store one batch, and move the chain's end on."""
        data = headers.encode(header)
        (signature,) = sign_header(data, self._signer)
        insert_batch(
            db,
            Batch(header.seq, UNSENT, data, signature.key_id, signature.sig, body.seed, body.enc, body.data),
        )
        return _move_head(db, header.seq, data)

    def _blank(self, head: Head, moment: Moment, kind: Kind) -> Header:
        sample, offset = moment.sample, moment.offset
        clock = Clock(
            sample.wall, sample.mono, moment.boot, offset.theta_us if offset else None, synchronised()
        )
        seen = self._outbox.get("seen")
        return Header(
            log=self._identity.origin,
            agent=self._identity.agent,
            epoch=self._identity.epoch,
            seq=head.seq + 1,
            prev=head.hash,
            kind=kind,
            n=0,
            bytes=0,
            root=tree.EMPTY_ROOT.hex(),
            from_ms=sample.wall,
            to_ms=sample.wall,
            clock=clock,
            seen=SeenNote(seen["size"], seen["note"]) if isinstance(seen, dict) else None,
            plan=moment.plan,
            code=code_digest(),
            machine=self._identity.machine.fingerprint,
        )


def _move_head(db: sqlite3.Connection, seq: int, header: bytes) -> Head:
    head = Head(seq, chain_hash(header).hex())
    put_meta(db, "head", {"seq": head.seq, "hash": head.hash})
    return head


def _empty() -> _Body:
    return _Body(os.urandom(SEED_SIZE), ENC_RAW, b"")


def _waiting(db: sqlite3.Connection) -> Sequence[tuple[int, bytes, int, int, str]]:
    """The oldest lines that fit into one batch: it names one plan, so they are all of one."""
    rows: list[tuple[int, bytes, int, int, str]] = []
    size = 0
    for row in db.execute(
        "SELECT id, line, t0, t1, plan FROM pending ORDER BY id LIMIT ?", (MAX_BATCH_LINES,)
    ):
        size += len(row[1]) + 1
        if rows and (size > MAX_BATCH_BYTES or row[4] != rows[0][4]):
            break
        rows.append(row)
    return rows
