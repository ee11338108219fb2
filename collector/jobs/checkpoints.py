"""Signing and publishing tree heads; and refusing to, when the log has been rolled back.

Order: entries are committed -> the head is signed -> DIR/published is replaced (fsync) -> the row is
committed -> served. A crash in between: the next start finds the note in DIR/published, and Ed25519
being deterministic, signs the very same bytes again. If the log behind it is shorter than that note,
or another, then it came out of a backup: nothing is signed until it has grown to the same tree.

After a restore (DIR/restored, laid there by the backup file itself) signing waits until every approved
agent has reported what it saw last, or an operator says so (`serve --accept-restore`). A snapshot of a whole
machine comes back without that file: an agent that says it saw more than the log has shows it, and stops the
signing too (DIR/claimed, laid once for each such claim), until the log has grown to the very head that it
saw, the agent is revoked, or the operator's word. To go on would be to fork.
"""

import json
import logging
import os
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from checks.wire import checkpoint, note, tree
from checks.wire.checkpoint import Checkpoint
from checks.wire.header import SeenNote
from checks.wire.tiles import tile_nodes
from collector.context import Context
from collector.crash_points import crash_point
from collector.evidence.agents import AgentState
from collector.jobs.sequencer import Draft, Sequencer
from collector.jobs.tilework import read_tile
from collector.jobs.timer import Timer
from collector.store import agents, alarms, evidence
from collector.store.evidence import CheckpointRow

log = logging.getLogger(__name__)
EVERY_S = 1.0
_KEPT = 4096


@dataclass(slots=True)
class HeadWork:
    """Sign the head of what is committed, if it has grown."""

    context: Context
    last: int
    made: CheckpointRow | None = field(default=None)

    def place(self, draft: Draft, sequencer: Sequencer) -> None:
        """Sign the tree as it was before this transaction."""
        del sequencer
        size = draft.edge.size
        if size <= self.last or evidence.checkpoint(draft.conn, size) is not None:
            return
        head = Checkpoint(self.context.origin, size, draft.edge.root())
        text = checkpoint.sign_checkpoint(head, self.context.signer).decode()
        crash_point("checkpoint-signed")
        remember(self.context, text)
        crash_point("checkpoint-remembered")
        row = CheckpointRow(size, head.root, text, self.context.now())
        evidence.insert_checkpoint(draft.conn, row)
        self.made = row


def remember(context: Context, text: str) -> None:
    """Replace DIR/published durably."""
    _replace(context.directory / "published", text)


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


class Publisher:
    """The timer that publishes heads, and the memory of which heads were published."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._timer = Timer("checkpoints", EVERY_S, self._turn, last=True)
        self._lock = threading.Lock()
        self._claims_lock = threading.Lock()
        self._notes: dict[int, str] = {}
        self._heard: set[tuple[str, int]] = set()
        self._since = context.now()
        self.frozen = ""  # why nothing is signed
        with context.read() as conn:
            self.current = evidence.last_checkpoint(conn)
        self.check()

    def start(self) -> None:
        """Publish once a second while there is something new."""
        self._timer.start()

    def stop(self) -> None:
        """Publish a last time and end."""
        self._timer.stop()

    def _turn(self) -> None:
        try:
            self.publish()
        except Exception:  # the database may be away for a while; the next turn tries again
            log.exception("no checkpoint")

    def publish(self) -> CheckpointRow | None:
        """Sign and publish the head if the log has grown; the newest published head."""
        if self.frozen:
            self.check()
        if not self._context.writer.held:
            with self._context.read() as conn:
                self.current = evidence.last_checkpoint(conn)
        if self.frozen or not self._context.writer.held:
            return self.current
        work = HeadWork(self._context, self.current.size if self.current else 0)
        self._context.writer.place([work])
        if work.made is not None:
            self.current = work.made
        return self.current

    # What was published before

    def check(self) -> None:
        """Compare the log with what is known to have been published; freeze if it is shorter or another."""
        before, self.frozen = self.frozen, self._restored() or self._contradiction() or self._claimed()
        if self.frozen and self.frozen != before:
            log.critical("no checkpoint is signed: %s", self.frozen)

    def _contradiction(self) -> str:
        path = self._context.directory / "published"
        try:
            opened = note.open_note(path.read_bytes(), [self._context.vkey])
        except FileNotFoundError:
            return ""
        head = checkpoint.parse_checkpoint(opened.text)
        return self.contradicts(head.size, head.root)

    def contradicts(self, size: int, root: bytes) -> str:
        """Why the log does not continue a tree of this size and root; empty if it does."""
        with self._context.read() as conn:
            have = evidence.size(conn)
            if have < size:
                return f"the log has {have} entries, a published checkpoint {size}: it was rolled back"
            if size == 0:
                return ""
            nodes = tile_nodes(lambda tile: read_tile(conn, tile), size)
            mine = tree.range_root(nodes, 0, size)
        if mine == root:
            return ""
        ours, theirs = b64encode(mine).decode(), b64encode(root).decode()
        return f"at size {size} the root is {ours}, published was {theirs}"

    def _restored(self) -> str:
        if not (self._context.directory / "restored").exists():
            return ""
        with self._context.read() as conn:
            live = {(a.agent, a.epoch) for a in agents.every(conn) if a.state is AgentState.APPROVED}
        missing = sorted(agent for agent, _ in live - self._heard)
        if not missing:
            (self._context.directory / "restored").unlink(missing_ok=True)
            return ""
        names = ", ".join(missing[:5])
        return f"restored from a backup; not heard since: {names} (or serve --accept-restore)"

    def _claimed(self) -> str:
        """Why an agent's word stops the signing; what has been settled since is forgotten."""
        with self._claims_lock:
            try:
                claims = self._claims()
            except (ValueError, TypeError, AttributeError) as problem:
                why = f"{self._claims_path} cannot be read: {type(problem).__name__}"
                return f"{why} (or serve --accept-restore)"
            left = {who: seen for who, seen in claims.items() if not self._settled(who, seen)}
            if left != claims:
                self._keep(left)
        for (agent, _), seen in sorted(left.items())[:1]:
            return f"agent {agent} {_unpublished(seen)} (or serve --accept-restore)"
        return ""

    def _settled(self, who: tuple[str, int], seen: SeenNote) -> bool:
        return self._would_publish(seen) or self._revoked(*who)

    def _would_publish(self, seen: SeenNote) -> bool:
        """Whether the log has grown to the very head that was seen: signing is deterministic."""
        with self._context.read() as conn:
            if evidence.size(conn) < seen.size:
                return False
            root = tree.range_root(tile_nodes(lambda tile: read_tile(conn, tile), seen.size), 0, seen.size)
        head = Checkpoint(self._context.origin, seen.size, root)
        return sha256(checkpoint.sign_checkpoint(head, self._context.signer)).hexdigest() == seen.note

    def _revoked(self, agent: str, epoch: int) -> bool:
        with self._context.read() as conn:
            found = [one for one in agents.every(conn) if (one.agent, one.epoch) == (agent, epoch)]
        return all(one.state is AgentState.REVOKED for one in found)

    def accept_restore(self) -> None:
        """Go on signing, whatever agents have seen before."""
        for name in ("restored", "claimed"):
            (self._context.directory / name).unlink(missing_ok=True)
        self.check()

    # What agents have seen

    def saw(self, key: tuple[str, int], seen: SeenNote | None, signed_ms: int) -> bool:
        """Whether what an agent says it has seen is a head of ours; an alarm if it is not.

        A restored log is first refilled with old batches, which say what was seen then: an agent counts
        as heard only with what it signed since we run.
        """
        if seen is not None and not self._published(seen):
            self._alarm(key, seen)
            return False
        if self.frozen and signed_ms >= self._since:
            with self._lock:
                self._heard.add(key)
        return True

    def _published(self, seen: SeenNote) -> bool:
        text = self._notes.get(seen.size)
        if text is None:
            with self._context.read() as conn:
                row = evidence.checkpoint(conn, seen.size)
            if row is None:
                return False
            text = sha256(row.note.encode()).hexdigest()
            with self._lock:
                if len(self._notes) >= _KEPT:
                    self._notes.clear()
                self._notes[seen.size] = text
        return text == seen.note

    def _alarm(self, key: tuple[str, int], seen: SeenNote) -> None:
        """A head that we have not published, under our key: rollback or split view."""
        detail = _unpublished(seen)
        with self._context.write() as conn:
            new = alarms.add(conn, alarms.Alarm(self._context.now(), "seen", key[0], detail))
            beyond = new and seen.size > (self.current.size if self.current else 0)
            if beyond:
                # Before the alarm is kept: a crash in between leaves a log that is stopped, and the next
                # batch raises the alarm. The other way round the same word would stop nothing any more.
                self._claim(key, seen)
        if new:
            log.critical("agent %s %s", key[0], detail)
        if beyond:
            self.check()

    # What agents have seen beyond the log: DIR/claimed, [[agent, epoch, size, note]…], the largest of each

    @property
    def _claims_path(self) -> Path:
        return self._context.directory / "claimed"

    def _claims(self) -> dict[tuple[str, int], SeenNote]:
        try:
            rows = json.loads(self._claims_path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return {(str(agent), int(epoch)): SeenNote(int(size), str(text)) for agent, epoch, size, text in rows}

    def _claim(self, key: tuple[str, int], seen: SeenNote) -> None:
        with self._claims_lock:
            try:
                claims = self._claims()
            except (ValueError, TypeError, AttributeError):
                return  # it stops the signing as it is, and is left for people to look at
            if key not in claims or claims[key].size < seen.size:
                self._keep({**claims, key: seen})

    def _keep(self, claims: dict[tuple[str, int], SeenNote]) -> None:
        if not claims:
            self._claims_path.unlink(missing_ok=True)
            return
        rows = [[*who, seen.size, seen.note] for who, seen in sorted(claims.items())]
        _replace(self._claims_path, json.dumps(rows))


def _unpublished(seen: SeenNote) -> str:
    return f"saw a head of size {seen.size} (note {seen.note[:16]}) that this log has not published"
