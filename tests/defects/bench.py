"""The bench of defects: `bench.py [--seed N] [--size BYTES] [--place 0-2] [D09 B03 pg-custom …]`.

With `--rows FILE --resume` a run that was broken off goes on where it was; `--from FILE …` prints tables of
such files: a case that no run tried stands there as `not_run`, and the bench fails.

Plants each defect of expected.yaml in good artefacts, each benign variation too, and looks as the product
does. Exit 0 where all are found, none is a false alarm, and nothing is planted in fewer kinds than listed.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

import plants  # noqa: F401  # registers them
import run
import usual
import world


def say(text=""):
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def size_of(text):
    """`100M` in bytes."""
    units = {"k": 10**3, "M": 10**6, "G": 10**9}
    return int(float(text[:-1]) * units[text[-1]]) if text[-1] in units else int(text)


def chosen(words, names, kinds):
    """Which (name, kind) are asked: by name, by kind, both or all."""
    wanted_names = [word for word in words if word in names]
    wanted_kinds = [word for word in words if word not in names]
    return [
        (name, kind)
        for name in names
        for kind in kinds(name)
        if (not wanted_names or name in wanted_names)
        and (not wanted_kinds or kind in wanted_kinds or kind.partition("/")[0] in wanted_kinds)
    ]


def asked(words, what, other):
    """(name, kind) of the defects or of the variations (`what`) that the words ask for."""
    spec = run.EXPECTED[what]
    if any(word in run.EXPECTED[other] for word in words) and not any(word in spec for word in words):
        return []
    mine = [word for word in words if word not in run.EXPECTED[other]]
    return chosen(mine, spec, lambda name: spec[name]["kinds"])


def unrecorded(cells):
    """Those of them that reading alone must find as well."""
    spec = run.EXPECTED["defects"]
    return [(name, kind) for name, kind in cells if kind in spec.get(name, {}).get("content", {})]


def by_kind(cells):
    """One kind after the other: its artefacts are made once and kept warm."""
    return sorted(cells, key=lambda cell: cell[1].partition("/")[0])


def shown(row, verbose):
    """A line for what went wrong, for all with `verbose`."""
    if verbose or row.state not in ("found", "good"):
        words = " ".join(f"L{level}:{word}" for level, word in row.words)
        took = f"{row.seconds:5.1f} s {row.cpu:5.1f} CPU s"
        say(f"{row.name} {row.kind:22} {row.state:11} {took} {words} {row.why}")
    return row


def table(rows):
    """Found of expected, for each defect, with the kinds that were missed."""
    for name in sorted({row.name for row in rows}):
        mine = [row for row in rows if row.name == name]
        found = [row for row in mine if row.state == "found"]
        rest = ", ".join(f"{row.kind} ({row.state})" for row in mine if row.state != "found")
        what = run.EXPECTED["defects"][name]["what"]
        say(f"{name}  {len(found):2} of {len(mine):2}  {what}" + (f"   [{rest}]" if rest else ""))


def compared(rows):
    """Kinds in which each of the usual means finds the defect, of those it can be tried on; ours last."""
    said = [row for row in rows if row.usual]
    say("found by (kinds where it can be tried)")
    say(f"{'':4} " + " ".join(f"{usual.NAMES[name]:>22}" for name in usual.MEANS) + f" {'ours':>8}")
    for name in sorted({row.name for row in said}):
        say(f"{name:4} " + _means([row for row in said if row.name == name]))
    say(f"{'all':4} " + _means(said))


def _means(rows):
    made = []
    for mean in usual.MEANS:
        known = [row.usual[mean] for row in rows if row.usual[mean] is not None]
        made.append(f"{f'{sum(known)} of {len(known)}' if known else '-':>22}")
    return " ".join(made) + f" {sum(row.state == 'found' for row in rows):>4} of {len(rows)}"


def benign_table(rows):
    """Good, could not tell, false alarms."""
    for name in sorted({row.name for row in rows}):
        mine = [row for row in rows if row.name == name]
        good = sum(row.state == "good" for row in mine)
        rest = ", ".join(f"{row.kind} ({row.state})" for row in mine if row.state != "good")
        say(
            f"{name}  {good:2} of {len(mine):2}  {run.EXPECTED['benign'][name]['what']}"
            + (f"   [{rest}]" if rest else "")
        )


def summary(rows):
    """The last lines, and whether all is as it must be."""
    planted, benign = rows["defects"], rows["benign"]
    names = sorted({row.name for row in planted})
    found = [n for n in names if all(row.state == "found" for row in planted if row.name == n)]
    alarms = sum(row.state == "alarm" for row in benign)
    untold = sum(row.state == "untold" for row in benign)
    tried = sum(row.state in ("good", "untold", "alarm") for row in benign)
    say(f"benign: {tried} of {len(benign)} variations tried")
    if rows["alone"]:
        say(f"by reading alone, where nothing was recorded: {counted(rows['alone'])}")
    say(counted(planted))
    say(f"found {len(found)} of {len(names)}, false alarms {alarms}, could not tell {untold}")
    whole = all(row.state == "found" for row in (*planted, *rows["alone"])) and tried == len(benign)
    return whole and not alarms and untold <= 2


def counted(rows):
    """How many cells were found, and how the others went."""
    states = Counter(row.state for row in rows)
    rest = [f"{name.replace('_', ' ')} {n}" for name, n in sorted(states.items()) if name != "found"]
    said = f"{states['found']} of {len(rows)} (defect, kind) cells"
    return said + ("; " + ", ".join(rest) if rest else "")


def main():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seed", type=int, default=7)
    given.add_argument("--size", type=size_of, default=2_000_000)
    given.add_argument("--place", type=int, default=2, choices=(0, 1, 2))
    given.add_argument("--usual", action="store_true", help="the usual means beside it, which takes long")
    given.add_argument("-v", "--verbose", action="store_true")
    given.add_argument("--rows", type=Path, help="write the rows there, as JSON, after each case")
    given.add_argument("--resume", action="store_true", help="leave out cases whose rows stand there")
    given.add_argument(
        "--from", dest="read", type=Path, nargs="*", help="only print the tables of such files"
    )
    given.add_argument("words", nargs="*")
    args = given.parse_args()
    if args.read:
        held = read(args.read)
    else:
        # Ended from outside, servers are stopped all the same, and what was made is removed.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        held = read([args.rows] if args.resume and args.rows.exists() else [], world_of(args))
        tried(args, held)
    rows = {what: whole(held[what], cells) for what, cells in wanted(args.words).items()}
    say()
    table(rows["defects"])
    if any(row.usual for row in rows["defects"]):
        compared(rows["defects"])
    benign_table(rows["benign"])
    missed = [row for row in rows["alone"] if row.state != "found"]
    for row in missed:
        say(f"{row.name}  not found by reading alone: {row.kind} ({row.state})")
    return 0 if summary(rows) else 1


def world_of(args):
    """What rows are of: those of another world are not this run's."""
    return {"seed": args.seed, "size": args.size, "place": args.place}


def wanted(words):
    """The cells that the words ask for: defects, what reading alone must find of them, variations."""
    defects = asked(words, "defects", "benign")
    return {"defects": defects, "alone": unrecorded(defects), "benign": asked(words, "benign", "defects")}


def whole(rows, cells):
    """Rows of all that was asked for, in its order: what no run tried is not found."""
    return [rows.get(cell) or run.Row(*cell, "not_run") for cell in cells]


def tried(args, held):
    """Try what has no row yet; `held` gets it."""
    cells = [(*cell, what) for what, cells in wanted(args.words).items() for cell in cells]
    with (
        tempfile.TemporaryDirectory(prefix="rs-defects-") as place,
        world.World(place, args.size, args.seed) as made,
    ):
        bench = run.Bench(made, args.seed, args.place, usual=args.usual)
        how = {"defects": bench.defect, "alone": bench.alone, "benign": bench.variation}
        for name, kind, what in by_kind(cells):
            if (name, kind) not in held[what]:
                held[what][name, kind] = shown(how[what](name, kind), args.verbose)
                write(args.rows, world_of(args), held)


def write(path, of, held):
    """What is known so far: hours may lie before the last case."""
    if path is not None:
        rows = {what: [asdict(row) for row in rows.values()] for what, rows in held.items()}
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(json.dumps({"of": of, **rows}, ensure_ascii=False, indent=1))
        fresh.replace(path)


def read(paths, of=None):
    """Rows of runs that were written down; of a case that was tried again the last one counts. Rows of
    different worlds are no table."""
    rows = {"defects": {}, "alone": {}, "benign": {}}
    for path in paths:
        held = json.loads(path.read_text("utf-8"))
        of = of or held["of"]
        if held["of"] != of:
            raise SystemExit(f"{path} is of {held['of']}, not of {of}")
        for what, mine in rows.items():
            mine.update({(one["name"], one["kind"]): run.Row(**one) for one in held.get(what, ())})
    return rows


if __name__ == "__main__":
    sys.exit(main())
