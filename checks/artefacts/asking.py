"""Asking a repository's own tool: its answer as JSON, its status, what it complains of; within bounds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.api import ErrorKind, ObservationError
from checks.places import Tools

MOST_ANSWER = 256 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What it said."""

    status: int
    out: bytes
    complaint: str


def ask(
    tools: Tools,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    secrets: Mapping[int, bytes] | None = None,
) -> Answer:
    """Run it to its end. ObservationError `unsupported` where it is not installed, `timeout` past the budget,
    `garbled` for an answer beyond all bounds."""
    with tools.stream(argv, env=env, secrets=secrets) as stream:
        parts, size = [], 0
        while block := stream.out.read(1 << 20):
            parts.append(block)
            size += len(block)
            if size > MOST_ANSWER:
                raise ObservationError(ErrorKind.GARBLED, f"{argv[0]} does not stop talking")
        status = stream.finish()
        return Answer(status, b"".join(parts), stream.complaint.decode("utf-8", "replace"))


def answer_json(answer: Answer) -> Any:
    """Its output as JSON; ObservationError `garbled` where it is none."""
    try:
        return json.loads(answer.out)
    except ValueError:
        raise ObservationError(ErrorKind.GARBLED, "the tool's answer is no JSON") from None
