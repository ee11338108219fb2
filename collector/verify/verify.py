"""The whole verification in order: archive, history, batches, coverage, claims."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from checks.wire.signing import backend_name
from collector.evidence.policy import Policy
from collector.verify import backups, batches, coverage, figures, swift
from collector.verify.absent import check_absent
from collector.verify.archive import Archive, open_archive
from collector.verify.backups import check_backups
from collector.verify.documents import check_documents
from collector.verify.findings import Findings
from collector.verify.growth import Paper, read_history
from collector.verify.history import History
from collector.verify.human import check_statements
from collector.verify.looks import asked_of
from collector.verify.memory import memory
from collector.verify.messages import check_messages
from collector.verify.progress import Tell, silent
from collector.verify.records import check_records
from collector.verify.report import Verdict
from collector.verify.scorecards import Evidence, check_scorecards
from collector.verify.settlements import check_settlements
from collector.verify.statements import check_people, read_people

_NO_WITNESS = (
    "without a witness or a printed checkpoint this history could have been rewritten before it was bundled"
)
_EARLY = (
    "it says that it was made before its newest entry came: the collector's clock was set back, or it is "
    "not so; what was due is counted up to that entry"
)
_MEANING = (
    "proven if: the programs that held the agents' keys told the truth. Grade A: two vantage points; "
    "B: one agent about another machine; C: an agent about its own host"
)
_OLDER = (
    "entries before {0} are not here: what was carried along is proven to be in the log, but not that "
    "nothing else was said before; a bundle that begins at 0 shows all"
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the reader asked for. `processes` 0: as many as there are processors."""

    paper: Paper | None = None
    full: bool = False
    processes: int = 0


def verify_bundle(path: Path, policy: Policy, options: Options, tell: Tell = silent) -> Verdict:
    """The verdict on the bundle at `path`; OSError where it cannot be read at all."""
    started = time.monotonic()
    mode = "full" if options.full else "quick"
    verdict = Verdict(path.name, mode=mode, backend=backend_name(), reader=swift.LIBRARY or "json")
    archive = open_archive(path, policy, verdict.findings)
    verdict.phase("container")
    if archive is not None:
        _read(archive, policy, options, verdict, tell)
        verdict.findings.gather_dependent()
    verdict.memory = memory()
    verdict.seconds = f"{time.monotonic() - started:.1f}"
    return verdict


def _read(archive: Archive, policy: Policy, options: Options, verdict: Verdict, tell: Tell) -> None:
    findings, manifest = verdict.findings, archive.manifest
    verdict.log, verdict.period = manifest.log, manifest.period.name
    verdict.range = (manifest.from_size, manifest.to_size)
    if manifest.from_size:
        findings.notice(_OLDER.format(manifest.from_size))
    history = read_history(archive, findings, options.paper, tell)
    _witnesses(policy, options, findings)
    verdict.phase("entries")
    processes = options.processes or os.cpu_count() or 1
    found = batches.read_batches(_task(archive, history, options), processes, tell)
    findings.take(found.findings)
    verdict.phase("bodies and lines")
    people = read_people(history, policy)
    looks = backups.Looks(found.backups)
    evidence = Evidence(history, people, looks, found.tracks, manifest.from_size, days=found.days)
    # First what stands on the shortest stretches of the log: runs are gone on from (folding.py).
    judged = check_scorecards(evidence, findings)
    judged += check_settlements(history, evidence.words, manifest.from_size, findings)
    judged += check_documents(evidence, findings)
    verdict.claims += figures.check_figures(archive, history, found.tracks, people, findings)
    verdict.claims += check_records(history, found.done, manifest.from_size, findings)
    verdict.claims += check_backups(history, looks, manifest.from_size, findings)
    verdict.claims += judged
    verdict.claims += check_statements(history, archive.photos, manifest.from_size, findings)
    verdict.claims += check_people(people, manifest.from_size, findings)
    verdict.claims += check_messages(history, manifest.from_size, findings)
    end = min(manifest.period.to_ms, max(manifest.made_ms, history.last_ms))
    if manifest.made_ms < history.last_ms:
        findings.notice(_EARLY)
    parts = coverage.in_force(history.issues, manifest.period, end)
    check_absent(history, (manifest.period.from_ms, min(end, history.last_ms)), findings)
    tell("claims", 0, 1)
    slots = {key: frozenset(one.slots) for key, one in found.tracks.items()}
    verdict.coverage += list(coverage.regular(parts, slots))
    verdict.coverage += list(coverage.rounds(parts, found.done, end))
    verdict.phase("claims")


def _witnesses(policy: Policy, options: Options, findings: Findings) -> None:
    """No witness signs yet: say what that means, and refuse a policy that asks for one."""
    if not policy.satisfied(()):
        findings.add("bad_quorum", "log/end.note", f"the policy asks for {policy.quorum!r}; nobody cosigned")
    if options.paper is None:
        findings.notice(_NO_WITNESS)
    findings.notice(_MEANING)


def _task(archive: Archive, history: History, options: Options) -> batches.Task:
    end = history.end
    plans = {digest: issue.plan for digest, issue in history.plans.items()}
    return batches.Task(
        archive=archive,
        keys=history.keys,
        asked=asked_of(plans.values()),
        wanted=figures.wanted(history),
        holds=batches.holds_of(plans),
        quarantine=history.quarantine,
        always=frozenset(history.tips.values()) | history.always,
        sample=end.root if end is not None else b"",
        full=options.full,
        backups=backups.asked(history),
        days=any(one.header.get("document") == "term" for one in history.said),
    )
