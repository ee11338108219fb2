"""What somebody stated not to have been done of an obligation (`not_done`), by the period it names. Pure."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from collector.inspection.cadence_model import Waiver
from collector.judging.ground import Applied, governing
from collector.judging.spans import periods_of
from collector.packs.model import PackDataError, read_back
from collector.packs.options import OptionError, from_text, resolve
from collector.scoring.choices import Choices
from collector.statements.lateness import instant_of
from collector.statements.model import Said

_EVER = 2**53
_Spans = dict[str, tuple[int, int]]


def denied(said: Sequence[Said], applied: Sequence[Applied]) -> Iterator[Waiver]:
    """Each as the stretch of its period; one that names no known period denies nothing."""
    for one in said:
        if one.kind != "not_done" or not one.fields.get("obligation"):
            continue
        span = _span(str(one.fields.get("period") or ""), applied)
        if span is not None and span[1] <= one.received_ms:
            unit, system = (str(one.fields.get(name) or "") or None for name in ("unit", "system"))
            what = (str(one.fields["obligation"]),)
            yield Waiver(what, *span, one.received_ms, one.entry, unit, system)


def _span(name: str, applied: Sequence[Applied]) -> tuple[int, int] | None:
    held = governing(applied, _EVER)
    contract = None if held is None else held.terms.contract
    known: _Spans = {}
    if contract is not None:
        known = _spans(contract.compiled, contract.start, tuple(sorted(contract.options.items())))
    if name in known:
        return known[name]
    begins, ends = instant_of(name), instant_of(name, end=True)
    return None if begins is None or ends is None else (begins, ends)


@lru_cache(maxsize=8)
def _spans(compiled: str, start: str, options: tuple[tuple[str, str], ...]) -> _Spans:
    try:
        pack = read_back(compiled.encode()).pack
        keys = {one.key: one for one in pack.options}
        chosen = {key: from_text(keys[key], text) for key, text in options if key in keys}
        every = periods_of(pack.periods, start, Choices(resolve(pack, chosen)))
    except (PackDataError, OptionError):
        return {}
    return {one.name: (one.from_ms, one.to_ms) for one in every}
