"""Configuration files of applications: no longer as they were approved, or open to anybody's changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source
from checks.drift import judge_files, marks
from checks.files import SFTP_NEEDS, Files, Where, check_paths
from checks.hardening import FileState


@dataclass(frozen=True, slots=True)
class Facts:
    """The files' states, content as SHA-256."""

    files: tuple[FileState, ...]


@dataclass(frozen=True, slots=True)
class Params(Where):
    """Where the files lie. `paths` (required; a star stands for names in one directory). `baseline` maps a
    path to its mark (None: nobody has approved one, which is unknown)."""

    paths: tuple[str, ...] = ()
    baseline: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        super(Params, self).__post_init__()
        check_paths(self.paths, "paths")


def observe(files: Files, params: Params) -> Facts:
    return Facts(tuple(files.states(params, params.paths)))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    """`files`, `open_to_all` (counts), then the baseline's; a file that cannot be read is unknown."""
    yield from judge_files(seen.facts.files, params.baseline)


def propose(facts: Facts) -> dict[str, str]:
    """A baseline that these facts would meet, for a person to approve."""
    return marks(facts.files)


CHECK = Check(
    id="file.config",
    version=1,
    title="应用配置文件",
    title_en="Configuration files of applications",
    source=Source.FILES,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-02", "HA-04", "PD-30"),
    needs=(SFTP_NEEDS, "tried on files of this machine and, through OpenSSH's SFTP, on another's"),
)
