"""What the verifier finds: problems (exit 1) and notices, collected; it never stops at the first."""

from dataclasses import dataclass, field

# Codes of problems; docs/verifier.md explains each.
CODES = {
    "bad_container": "the container's bytes differ from what its members make of them",
    "bad_member": "a member is missing, unknown, damaged or not in its format",
    "bad_manifest": "the manifest or its signature is not good",
    "bad_checkpoint": "a checkpoint is not signed by the log key of the policy, or is for another log",
    "bad_quorum": "the end checkpoint lacks the witnesses the policy asks for",
    "bad_tree": "the entries do not give the root that the checkpoint signs",
    "bad_paper": "the printed checkpoint is not a prefix of this log",
    "bad_entry": "an entry cannot be read, or its signature is not good",
    "bad_proof": "a carried entry is not in the tree",
    "bad_key": "no approved key for an entry, or it was revoked before",
    "bad_chain": "an agent's batches do not follow one another",
    "fork": "two writers with one agent's key, and nobody has decided on it",
    "bad_signature": "a batch is not signed by its agent's key",
    "bad_body": "a body does not fit the root or digest its header signs",
    "bad_line": "a result line is not in its format",
    "bad_plan": "a batch or line names a plan or parameters that are not in the log",
    "bad_seen": "an agent saw a checkpoint that is not a prefix of this log",
    "bad_statement": "a person's statement does not fit its round, or the statements before it",
    "bad_person": "a statement is not signed by the person it names, or nobody who could vouched for the key",
    "bad_photo": "a photograph is not the one that a statement names by digest",
    "judged_differently": "the check says something else of the signed facts than the line",
    "claim_differs": "a claimed figure or record is not what the evidence gives",
    "internal": "the verifier itself failed on this input; treat it as not verified",
}


_HOLD = ("entries/", "bodies/", "chunk ")
"""Names of members that hold what was logged, and how their chunks are called."""

DEPENDENT = "{0} checks that depend on a plan in it could not be made"
NOT_LOGGED = "names the plan {0}…, not in the log"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is bad: a code of CODES, the place, what exactly."""

    code: str
    where: str
    detail: str


@dataclass(slots=True)
class Findings:
    """Collects problems and notices; `counted` says how much was checked."""

    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)

    def add(self, code: str, where: str, detail: str) -> None:
        """One more problem."""
        if code not in CODES:
            raise KeyError(code)
        self.problems.append(Problem(code, where, detail))

    def gather_dependent(self) -> None:
        """Where a member with entries or their bodies is damaged, plans that were in it are not to be had,
        and every line under such a plan would be told: those as one line behind the member's own. What is
        wrong of a plan that is here (parameters that it has not, a pack of another text) stays as it is."""
        damaged = [one for one in self.problems if one.code == "bad_member" and one.where.startswith(_HOLD)]
        plans = [one for one in self.problems if one.code == "bad_plan"]
        tail = NOT_LOGGED.partition("{0}")[2]
        without = {one.where for one in plans if one.detail.endswith(tail)}  # entries whose plan is not here
        dependent = {one for one in plans if one.where.partition(" (")[0] in without}
        if not damaged or len(dependent) < 2:
            return
        members = ", ".join(dict.fromkeys(one.where for one in damaged))
        told = Problem("bad_plan", members, DEPENDENT.format(len(dependent)))
        kept = [one for one in self.problems if one not in dependent]
        at = max(kept.index(one) for one in damaged) + 1
        self.problems[:] = [*kept[:at], told, *kept[at:]]

    def notice(self, text: str) -> None:
        """Something the reader must know that is no problem of the bundle; said once."""
        if text not in self.notices:
            self.notices.append(text)

    def count(self, what: str, by: int = 1) -> None:
        """`by` more of `what` were checked."""
        self.counted[what] = self.counted.get(what, 0) + by

    def take(self, other: "Findings") -> None:
        """All that another one found, behind what is here."""
        self.problems += other.problems
        for text in other.notices:
            self.notice(text)
        for what, count in other.counted.items():
            self.count(what, count)
