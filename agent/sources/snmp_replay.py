"""Replay a directory of recordings over real UDP and write what is read from each.

python -m agent.sources.snmp_replay RECORDINGS_DIR OUT_DIR [NAME…]
"""

import json
import sys
from pathlib import Path

from agent.sources.snmp_kin import Kin, kin
from agent.sources.snmp_look import Choose, look
from agent.sources.snmp_profiles import chosen
from agent.sources.snmp_readings import readings
from agent.sources.snmp_responder import Responder, read
from agent.sources.snmp_udp import Job, Loop
from checks.snmp import EVERYTHING


def replay(recordings: list[Path], out: Path, *, choose: Choose = chosen, kin: Kin = kin) -> dict[str, str]:
    """Readings of each recording in OUT/NAME.json; what could not be read, by name. The rest: see `look`."""
    failed = {}
    out.mkdir(parents=True, exist_ok=True)
    for path in recordings:
        with Responder({b"public": read(path)}) as responder:
            reader = look(EVERYTHING, choose=choose, kin=kin)
            job = Job(("127.0.0.1", responder.port), 2, b"public", reader, 60, path.stem)
            Loop([job]).run()
        if job.error is not None:
            failed[path.stem] = str(job.error)
            continue
        text = json.dumps(readings(job.result), ensure_ascii=False, indent=1)
        (out / (path.stem + ".json")).write_text(text, "utf-8")
    return failed


def main(argv: list[str]) -> int:
    """0: every recording was read."""
    source, out, *names = argv
    recordings = [path for path in sorted(Path(source).glob("*.snmprec")) if not names or path.stem in names]
    failed = replay(recordings, Path(out))
    for name, error in failed.items():
        sys.stderr.write(f"{name}: {error}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
