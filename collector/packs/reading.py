"""A pack's YAML to a `Pack`: shape first, then what its parts say about each other. Not for the verifier."""

from collector.estate.yaml_source import Path, Reader, load
from collector.packs import checking
from collector.packs.errors import PackError
from collector.packs.model import Compiled, Pack, compiled, read_back
from collector.packs.shape import shaped


def read_pack(name: str, read: Reader) -> Compiled:
    """The pack in file `name` with all it includes; PackError with every mistake."""
    source = load(name, read)
    if source.value or not source.problems:
        pack = shaped(Pack, source.value, (), source.add)
        if pack is not None:

            def note(path: Path, reason: str) -> None:
                source.add(path, reason)

            checking.check(pack, note)
    if source.problems:
        raise PackError(tuple(sorted(set(source.problems))))
    made = compiled(pack)
    # What the verifier will read is what was written, or a section is not fit for JSON.
    return read_back(made.body)
