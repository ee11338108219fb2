"""What is wrong with a pack: every mistake with its place, all of them at once."""

from collector.estate.errors import Problem


class PackError(Exception):
    """The pack cannot be used; `problems` holds everything that was found."""

    code = "bad_pack"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
