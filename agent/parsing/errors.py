"""Why an output was not read: what it is, and the line that shows it."""

from agent.errors import AgentError


class ParseError(AgentError):
    """No fields were had from this output. `code` says why, `line` is the line that shows it (may be empty).

    Codes: `unknown_platform`, `unknown_command`, `empty`, `refused` (the device refused the command),
    `cut` (the output ends before its end), `garbled` (bytes that no device writes), `too_big`,
    `unparsed` (a line that no known form of this output holds).
    """

    def __init__(self, code: str, detail: str, *, line: str = "", number: int | None = None) -> None:
        where = f", line {number}" if number is not None else ""
        shown = f": {line[:200]!r}" if line else ""
        super().__init__(code, f"{detail}{where}{shown}")
        self.line = line
        self.number = number

    def of(self, name: str) -> "ParseError":
        """The same of the output that is called so."""
        told = ParseError(self.code, f"{name}: {self.detail}")
        told.line, told.number = self.line, self.number
        return told
