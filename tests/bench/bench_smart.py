"""Agreement of server.smart with the table of recorded drives, a line for each kind and state.

python tests/bench/bench_smart.py [DIRECTORY]
"""

import json
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from checks.commands import CommandOutput  # noqa: E402  # found through the path above
from checks.server._smart import read, verdict  # noqa: E402

EXPECTED = json.loads((ROOT / "tests/checks/server/smart_expected.json").read_text())


def main(place: Path) -> int:
    agreed: Counter[tuple[str, str]] = Counter()
    all_of: Counter[tuple[str, str]] = Counter()
    for path in sorted(place.glob("*/*.json")):
        data = path.read_bytes()
        wanted = EXPECTED.get(sha256(data).hexdigest(), "not in the table")
        kind = (json.loads(data).get("device") or {}).get("protocol") or "none"
        found = verdict(read(path.name, CommandOutput(0, data)))[0].value
        all_of[kind, wanted] += 1
        agreed[kind, wanted] += found == wanted
    for (kind, wanted), count in sorted(all_of.items()):
        print(f"{kind:5} {wanted:8} {agreed[kind, wanted]:4} of {count}")
    print(f"{'all':14} {sum(agreed.values()):4} of {sum(all_of.values())}")
    return 0 if agreed == all_of else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared/data/smartctl"))
