"""What is wrong with an estate file: every mistake with its place, all of them at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: file, line (from 1), path such as `probes[portal-web].every`, reason."""

    file: str
    line: int
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.reason}"


class EstateError(Exception):
    """The estate file cannot be used; `problems` holds everything that was found."""

    code = "bad_estate"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
