"""What stops an agent's command: each says what its caller does next."""


class AgentError(Exception):
    """This command cannot be done: `code` for programs, the text for people. Exit code 2."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class UnreachableError(AgentError):
    """The collector did not answer, or not as itself: try again later."""

    def __init__(self, detail: str, *, sent: bool = False, code: str = "unreachable") -> None:
        super().__init__(code, detail)
        # Whether the request may have reached the other side all the same.
        self.sent = sent


class StoreError(AgentError):
    """The outbox could not be written (disk full, read only): keep everything in memory and try again."""

    def __init__(self, detail: str) -> None:
        super().__init__("outbox", detail)
