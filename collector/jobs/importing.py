"""A sealed file of frames (`once --seal`) taken in as if it had been sent; it counts as delivered late."""

import lzma
from collections import Counter
from pathlib import Path

from checks.wire import frame as frames
from checks.wire.errors import WireError
from collector.context import Context
from collector.jobs.checkpoints import Publisher
from collector.metrics import Metrics
from collector.web.batches import Batches
from collector.web.plans import Plans

_MAGIC = b"\xfd7zXZ\x00"
_GROUP = 64


class ImportFailed(Exception):
    """The file cannot be read as frames."""

    code = "bad_file"


def import_file(context: Context, path: Path) -> dict[str, int]:
    """How many frames got which answer."""
    batches = Batches(context, Publisher(context), Metrics(), Plans(context))
    counts: Counter[str] = Counter()
    with path.open("rb") as probe:
        packed = probe.read(6) == _MAGIC
    group: list[bytes] = []
    try:
        with lzma.open(path) if packed else path.open("rb") as stream:
            for one in frames.decode_stream(stream):  # type: ignore[arg-type]  # LZMAFile reads like a file
                group.append(frames.encode(one))
                if len(group) == _GROUP:
                    counts.update(_take(batches, group))
                    group = []
    except (WireError, lzma.LZMAError, EOFError) as error:
        raise ImportFailed(str(error)) from None
    finally:
        if group:
            counts.update(_take(batches, group))
    if not counts:
        raise ImportFailed("no frame in it")
    return dict(counts)


def _take(batches: Batches, group: list[bytes]) -> list[str]:
    """One by one: a group could be more than a request may hold."""
    return [str(ack.status) for piece in group for ack in batches.take(piece)]
