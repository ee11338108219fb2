"""What ends a drill before its time."""


class StopError(Exception):
    """The drill cannot go on: `reason` is a word of checks.artefacts.levels, `subject` what it is about.

    Both are signed; `detail` is what a program said, for the operator's log only.
    """

    def __init__(self, reason: str, subject: str = "", detail: str = "") -> None:
        super().__init__(" ".join(filter(None, (reason, subject, detail))))
        self.reason = reason
        self.subject = subject
        self.detail = detail


class BusyError(Exception):
    """Another drill is under way on this machine: its object."""
