"""What the log says became of messages to people: its form, and that the estate in force asked for it."""

from collections.abc import Iterator

from checks.codec import FieldError
from checks.wire.numbers import EntryKind
from collector.notify.receipts import Message, is_message, parse
from collector.notify.rules import digest_of
from collector.verify.findings import Findings
from collector.verify.history import History

Verdict = tuple[str, str, str]
_MEANING = "messages: a channel took them, by the collector's word (grade D); not that anybody read them"


def check_messages(history: History, begin: int, findings: Findings) -> list[Verdict]:
    """One verdict on all of them, where there are any; a problem for each that is not as it should be."""
    made, odd = [], 0
    for one in _messages(history, begin, findings):
        if isinstance(one, Message):
            made.append(one)
        else:
            odd += 1
    if not made and not odd:
        return []
    findings.notice(_MEANING)
    taken = sum(one.accepted for one in made)
    detail = f"{taken} taken by their channels, {len(made) - taken} given up"
    word = "contradicted" if odd else "proven if"
    return [("messages", word, f"{detail}, {odd} not as they should be" if odd else detail)]


def _messages(history: History, begin: int, findings: Findings) -> Iterator[Message | None]:
    for said in history.said:
        if said.kind is not EntryKind.COLLECTOR or not is_message(said.header) or said.idx < begin:
            continue
        findings.count("messages")
        try:
            made = parse(said.idx, said.received_ms, said.header)
        except FieldError as error:
            findings.add("bad_statement", f"entry {said.idx}", str(error))
            yield None
            continue
        if _asked(made, history):
            yield made
        else:
            findings.add("bad_statement", f"entry {said.idx}", "no estate of the log asks for this message")
            yield None


def _asked(made: Message, history: History) -> bool:
    """Whether the estate that it names was applied before it and has such a recipient. What was applied
    before the bundle begins is carried along."""
    known = [one for one in history.estates if one.idx < made.entry and one.terms.estate == made.estate]
    return any(
        digest_of(rule.to) == made.to and rule.whose == made.whose
        for one in known
        for rule in one.terms.notify
    )
