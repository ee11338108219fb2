"""The spool: what was seen and signed, durable before it is sent, kept until the log has proved to hold it.

One SQLite file, WAL, synchronous=FULL. Every step is one transaction, so a crash leaves the state before
it or after it:

    a look ends          in memory only: **this is all that a crash can lose**, at most the looks that
                         ended since the last tick (a second), and they were never signed
    tick                 their lines go into `pending`, with what their sources remember and the slots done
    flush                lines leave `pending`, become body, header and signature in `batch`, and the chain
                         head moves on. Signed and durable before a byte is sent: a crash may repeat a
                         batch, it never renumbers one
    answer ok, known     the batch is `accepted`; it stays
    proof                its entry is in a verified checkpoint: `proven`; deleted seven days later

A batch is `sent` from just before its first sending on: from there only an answer tells whether the
collector has it, and neither its header nor its number is ever given up without one.
"""

import sqlite3
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from agent.errors import AgentError, StoreError
from agent.faults import crash_point
from checks.codec import JsonValue
from checks.wire import strict_json
from checks.wire.chain import chain_hash
from checks.wire.frame import Frame, Signature
from checks.wire.numbers import ALG_ED25519

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (
  id INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL, t0 INTEGER NOT NULL, t1 INTEGER NOT NULL,
  plan TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch (
  seq INTEGER PRIMARY KEY, state TEXT NOT NULL, header BLOB NOT NULL, key_id BLOB NOT NULL,
  signature BLOB NOT NULL, seed BLOB NOT NULL, enc INTEGER NOT NULL, body INTEGER NOT NULL,
  size INTEGER NOT NULL, idx INTEGER, received INTEGER, accepted INTEGER);
CREATE TABLE IF NOT EXISTS body (id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL);
CREATE TRIGGER IF NOT EXISTS body_goes AFTER DELETE ON batch BEGIN
  DELETE FROM body WHERE id = OLD.body; END;
CREATE INDEX IF NOT EXISTS batch_state ON batch (state, seq);
CREATE TABLE IF NOT EXISTS memory (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS done (key TEXT PRIMARY KEY, slot INTEGER NOT NULL, until INTEGER NOT NULL)
  WITHOUT ROWID;
"""

UNSENT, SENT, ACCEPTED, PROVEN = "unsent", "sent", "accepted", "proven"


@dataclass(frozen=True, slots=True)
class Finished:
    """One look that has ended: its line, what its source remembers now, which slot of which plan it did."""

    line: bytes
    t0: int
    t1: int
    key: str = ""
    slot: int = 0
    keep_until: int = 0
    memory: Mapping[str, JsonValue] = field(default_factory=dict)
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """One signed batch in the spool."""

    seq: int
    state: str
    header: bytes
    key_id: bytes
    signature: bytes
    seed: bytes
    enc: int
    body: bytes
    idx: int | None = None
    received: int | None = None

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """As frames and entries carry it."""
        return (Signature(ALG_ED25519, self.key_id, self.signature),)

    @property
    def frame(self) -> Frame:
        """The batch as it travels."""
        return Frame(self.header, self.signatures, self.seed, self.enc, self.body)


class Head(NamedTuple):
    """End of the agent's own chain: the newest seq (-1: none) and the prev of the next header."""

    seq: int
    hash: str


_BATCH = (
    "SELECT seq, state, header, key_id, signature, seed, enc, data, idx, received "
    "FROM batch JOIN body ON body.id = batch.body WHERE seq = ?"
)


class Outbox:
    """All statements of the spool. One connection, one lock: threads may share it."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self._lock = threading.RLock()
        mode = "rwc" if create else "rw"
        try:
            if create:
                path.touch(mode=0o600, exist_ok=True)
            self._db = sqlite3.connect(
                f"file:{path}?mode={mode}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=10,
            )
            # 64 KiB of cache: the spool is written once and read once.
            self._db.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64;"
                "PRAGMA wal_autocheckpoint=256; PRAGMA journal_size_limit=1048576;"
                # Debian's library else writes zeros over each page of lines that went into a batch.
                "PRAGMA secure_delete=OFF;" + _SCHEMA
            )
        except (sqlite3.Error, OSError) as error:
            raise AgentError("outbox", f"{path}: {error}") from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self, name: str) -> Iterator[sqlite3.Connection]:
        """All or nothing; StoreError when it cannot be made durable."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                crash_point(f"{name}.before")
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise StoreError(f"{self.path}: {error}") from None
                raise
            crash_point(f"{name}.after")

    def _rows(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise StoreError(f"{self.path}: {error}") from None

    # meta

    def get(self, key: str) -> JsonValue | None:
        """A kept value."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return strict_json.loads(rows[0][0].encode()) if rows else None

    def put(self, **values: JsonValue) -> None:
        """Keep values; None removes one."""
        with self.transaction("meta") as db:
            for key, value in values.items():
                put_meta(db, key, value)

    def get_bytes(self, key: str) -> bytes | None:
        """Kept bytes."""
        value = self.get(key)
        return b64decode(value) if isinstance(value, str) else None

    # looks

    def record(self, finished: Iterable[Finished]) -> None:
        """Make these looks durable, with what goes with them."""
        looks = list(finished)
        newest = {key: value for one in looks for key, value in one.memory.items()}
        memory = [(key, strict_json.dumps(value).decode()) for key, value in newest.items()]
        with self.transaction("pending") as db:
            db.executemany(
                "INSERT INTO pending (line, t0, t1, plan) VALUES (?, ?, ?, ?)",
                [(one.line, one.t0, one.t1, one.plan) for one in looks],
            )
            db.executemany(
                "INSERT OR REPLACE INTO done VALUES (?, ?, ?)",
                [(one.key, one.slot, one.keep_until) for one in looks if one.key],
            )
            db.executemany("INSERT OR REPLACE INTO memory VALUES (?, ?)", memory)

    def remembered(self, key: str) -> JsonValue | None:
        """What a source stored at its last recorded look."""
        rows = self._rows("SELECT value FROM memory WHERE key = ?", key)
        return strict_json.loads(rows[0][0].encode()) if rows else None

    def done(self) -> dict[str, int]:
        """Slots done last, and round items taken."""
        return dict(self._rows("SELECT key, slot FROM done"))

    def waiting(self) -> tuple[int, int]:
        """Count and bytes of lines not in a batch yet."""
        (row,) = self._rows("SELECT count(*), coalesce(sum(length(line)), 0) FROM pending")
        return int(row[0]), int(row[1])

    # chain

    def head(self, statement: bytes) -> Head:
        """End of the chain; at first the enrolment statement."""
        value = self.get("head")
        if not isinstance(value, dict):
            return Head(-1, chain_hash(statement).hex())
        return Head(int(value["seq"]), str(value["hash"]))

    # batches

    def seqs(self, *states: str, limit: int = 1 << 30) -> list[int]:
        """Numbers of the batches in these states, in order."""
        marks = ",".join("?" * len(states))
        sql = f"SELECT seq FROM batch WHERE state IN ({marks}) ORDER BY seq LIMIT ?"  # noqa: S608 - question marks only
        return [int(row[0]) for row in self._rows(sql, *states, limit)]

    def batches(self, *states: str, limit: int = 1 << 30) -> Iterator[Batch]:
        """Batches in these states, in order, read one by one."""
        for seq in self.seqs(*states, limit=limit):
            found = self.batch(seq)
            if found is not None:
                yield found

    def batch(self, seq: int) -> Batch | None:
        """One batch."""
        rows = self._rows(_BATCH, seq)
        return Batch(*rows[0]) if rows else None

    def counts(self) -> dict[str, int]:
        """Batches by state."""
        return {state: int(n) for state, n in self._rows("SELECT state, count(*) FROM batch GROUP BY state")}

    def mark_sent(self, seqs: Iterable[int]) -> None:
        """From now on only an answer tells where these are. Written before the first byte leaves."""
        with self.transaction("sent") as db:
            db.executemany(
                "UPDATE batch SET state = 'sent' WHERE seq = ? AND state = 'unsent'", [(seq,) for seq in seqs]
            )

    def accept(self, answers: Iterable[tuple[int, int | None, int | None]], now: int) -> None:
        """The collector has these: (seq, idx, received)."""
        with self.transaction("accept") as db:
            db.executemany(
                "UPDATE batch SET state = 'accepted', idx = coalesce(?, idx), "
                "received = coalesce(?, received), accepted = ? "
                "WHERE seq = ? AND state IN ('unsent', 'sent', 'accepted')",
                [(idx, received, now, seq) for seq, idx, received in answers],
            )

    def prove(self, seqs: Iterable[int]) -> None:
        """These are in a verified checkpoint."""
        with self.transaction("prove") as db:
            db.executemany("UPDATE batch SET state = 'proven' WHERE seq = ?", [(seq,) for seq in seqs])

    def resend(self, first: int) -> int:
        """Everything from `first` on goes out again; how many."""
        with self.transaction("resend") as db:
            return db.execute(
                "UPDATE batch SET state = 'sent', idx = NULL, received = NULL WHERE seq >= ? AND "
                "state IN ('accepted', 'proven')",
                (first,),
            ).rowcount

    def resend_unproven(self, before: int) -> int:
        """Accepted before this instant and still without a proof: goes out again; how many."""
        with self.transaction("resend") as db:
            return db.execute(
                "UPDATE batch SET state = 'sent' WHERE state = 'accepted' AND accepted < ?", (before,)
            ).rowcount

    def lowest(self) -> int | None:
        """Oldest seq that is still here."""
        (row,) = self._rows("SELECT min(seq) FROM batch")
        return None if row[0] is None else int(row[0])

    # room

    def drop_old(self, before: int, now: int) -> int:
        """Delete what was proven and accepted before this instant; how many."""
        with self.transaction("prune") as db:
            db.execute("DELETE FROM done WHERE until > 0 AND until < ?", (now,))
            return db.execute("DELETE FROM batch WHERE state = 'proven' AND accepted < ?", (before,)).rowcount

    def size(self) -> int:
        """Bytes of all batches."""
        (row,) = self._rows("SELECT coalesce(sum(size), 0) FROM batch")
        return int(row[0])

    def drop_kept(self, too_much: int) -> int:
        """Delete the oldest proven batches until `too_much` bytes are gone; bytes deleted."""
        seqs, gone = [], 0
        for seq, size in self._rows("SELECT seq, size FROM batch WHERE state = 'proven' ORDER BY seq"):
            if gone >= too_much:
                break
            seqs.append((seq,))
            gone += size
        with self.transaction("prune") as db:
            db.executemany("DELETE FROM batch WHERE seq = ?", seqs)
        return gone

    def oldest_unsent(self, too_much: int) -> tuple[int, int] | None:
        """First and last seq of the oldest never-sent batches that hold `too_much` bytes together."""
        first = last = None
        gone = 0
        for seq, size in self._rows("SELECT seq, size FROM batch WHERE state = 'unsent' ORDER BY seq"):
            if gone >= too_much:
                break
            first, last = (seq if first is None else first), seq
            gone += size
        return None if first is None or last is None else (first, last)


def put_meta(db: sqlite3.Connection, key: str, value: JsonValue) -> None:
    """Keep a value within a transaction; bytes as base64, None removes it."""
    if value is None:
        db.execute("DELETE FROM meta WHERE key = ?", (key,))
        return
    plain = b64encode(value).decode() if isinstance(value, bytes) else value
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, strict_json.dumps(plain).decode()))


def insert_batch(db: sqlite3.Connection, batch: Batch) -> None:
    """Add a batch within a transaction. A seq that is taken is a fault of ours, never overwritten."""
    body = db.execute("INSERT INTO body (data) VALUES (?)", (batch.body,)).lastrowid
    size = len(batch.header) + len(batch.body) + 160
    db.execute(
        "INSERT INTO batch (seq, state, header, key_id, signature, seed, enc, body, size) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            batch.seq,
            batch.state,
            batch.header,
            batch.key_id,
            batch.signature,
            batch.seed,
            batch.enc,
            body,
            size,
        ),
    )


def set_aside(db: sqlite3.Connection, first: int) -> None:
    """Give batches from `first` on, in no log yet, negative numbers until `renumber` gives new ones."""
    db.execute("UPDATE batch SET seq = -seq - 1 WHERE seq >= ? AND state IN ('unsent', 'sent')", (first,))


def aside(db: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    """(number, header) of what was set aside, in the old order."""
    for (seq,) in db.execute("SELECT seq FROM batch WHERE seq < 0 ORDER BY seq DESC").fetchall():
        (row,) = db.execute("SELECT header FROM batch WHERE seq = ?", (seq,)).fetchall()
        yield seq, row[0]


def renumber(db: sqlite3.Connection, number: int, seq: int, header: bytes, signature: Signature) -> None:
    """Bring one that was set aside back, signed anew; its body stays where it is."""
    db.execute(
        "UPDATE batch SET seq = ?, state = 'unsent', header = ?, key_id = ?, signature = ? WHERE seq = ?",
        (seq, header, signature.key_id, signature.sig, number),
    )
