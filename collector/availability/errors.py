"""What can be wrong with the input of a figure; each error says what its caller does next by its code."""


class AvailabilityError(Exception):
    """No figure can be made from this input; `code` is stable, `subject` names the thing that is wrong."""

    def __init__(self, code: str, subject: str, detail: str) -> None:
        super().__init__(f"{subject}: {detail}")
        self.code = code
        self.subject = subject
        self.detail = detail


class SpecError(AvailabilityError):
    """The description contradicts itself or names something absent: correct it."""


class MissingYear(AvailabilityError):
    """Agreed days need a calendar year that is not here: install its data file, never guess."""

    def __init__(self, year: int, version: str) -> None:
        super().__init__("calendar.year", str(year), f"no public holidays of {year} in calendar {version}")
        self.year = year


class LateObservation(AvailabilityError):
    """An observation is not newer than the last run: the runs around it are derived anew."""

    def __init__(self, t_ms: int, last_ms: int) -> None:
        super().__init__("runs.late", str(t_ms), f"not after the last observation at {last_ms}")


class CaseError(AvailabilityError):
    """A case file is wrong; `subject` is the example's id, `field` the path inside it."""

    def __init__(self, example: str, field: str, detail: str) -> None:
        super().__init__("case", f"{example}: {field}", detail)
        self.example = example
        self.field = field
