"""What one attempt has found so far; it becomes the facts, however it ends."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agent.drills.errors import StopError
from agent.drills.work import Work
from checks.artefacts.artefact import Artefact
from checks.backup.drill import Params, Question, digest_of
from checks.drills import Aborted, Against, Answer, Drilled, Restored, Roles, Target


@dataclass(slots=True)
class Course:
    """Filled by the engine of the artefact's kind."""

    work: Work
    wish: Params
    base: Artefact
    attempt: int
    aborted: tuple[Aborted, ...]
    decided: int
    target: Target | None = None
    restored: Restored = field(default_factory=Restored)
    roles: Roles = field(default_factory=Roles)
    against: Against | None = None
    questions: list[Answer] = field(default_factory=list)
    rto: int | None = None
    rto_by: str = ""

    def says_made(self, start: int | None, end: int | None = None, **more: str) -> None:
        """What the artefact says of its making (UTC epoch ms)."""
        self.base = replace(self.base, made=replace(self.base.made, start=start, end=end, **more))

    def answered(self, question: Question, got: str, trouble: str = "") -> None:
        """An answer came; the first right one ends the clock."""
        asked = question.sql or question.path
        answer = Answer(
            question.id,
            digest_of(asked),
            digest_of(question.expected),
            "" if trouble else digest_of(got),
            self.work.ms(),
            trouble,
        )
        self.questions.append(answer)
        if self.rto is None and not trouble and answer.got == answer.expected:
            self.rto, self.rto_by = answer.at, "question"

    def ask(self, answer: Callable[[str], str]) -> None:
        """Every question, answered by what was restored. An error of `answer` is that question's
        trouble, but for what ends a drill."""
        self.ready()
        for question in self.wish.questions:
            if not question.sql:
                self.answered(question, "", "unsupported")
                continue
            try:
                self.answered(question, answer(question.sql))
            except StopError as problem:
                if problem.reason in ("no_room", "timeout"):
                    raise
                self.answered(question, "", problem.reason)

    def ready(self) -> None:
        """It answers, and nothing was asked of it: that ends the clock too."""
        if not self.wish.questions:
            self.rto, self.rto_by = self.work.ms(), "ready"

    def facts(self, reason: str = "", subject: str = "", left: int = 0) -> Drilled:
        """What is signed."""
        made = self.base.made.end if self.base.made.end is not None else self.base.made.start
        rpo = None if made is None or made > self.decided else self.decided - made
        phases = tuple(self.work.phases)
        return Drilled(
            base=self.base,
            attempt=self.attempt,
            decided=self.decided,
            phases=phases,
            ended=self.work.now if reason else "",
            reason=reason,
            subject=subject[:200],
            aborted=self.aborted,
            target=self.target,
            restored=self.restored,
            roles=self.roles,
            against=self.against,
            questions=tuple(self.questions),
            rto=self.rto,
            rto_by=self.rto_by,
            rpo=rpo,
            took=self.work.ms(),
            left=left,
        )
