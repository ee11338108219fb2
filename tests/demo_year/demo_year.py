"""A contract's year, played and judged: `demo_year.py --pack luohe-2026 [--seed 7] [--days N] [--keep DIR]`.

Outages, weeks without a round, backups that are missing or late, scans, statements of three people. Results
go through real outboxes, signatures, the intake and the log, with a clock that is set; probes look every ten
minutes and each second while something fails. Then come the scorecards of all periods, beside a clerk's, who
knows only the tale (clerk.py), the settlement, and the bundle of the year. Exit 0 where all agree.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import clerk
import year_estate as estates
import year_life
import year_people
import year_play
import year_tale
from year_tale import DAY, at

from collector.evidence.periods import parse_period
from collector.jobs import scorecards
from collector.jobs.bundles import make_bundle
from collector.packs.loading import packaged
from collector.scoring.settlement import settle

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = {
    "luohe_monthly": year_people.luohe,
    "pds_quarterly": year_people.pds,
    "huaian_yearly": year_people.huaian,
}


def say(text=""):
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def play(top, found, seed, days):
    """The year (or its first days); the site, and the truth by period."""
    tale = year_tale.TALES[found.scheme](found, seed)
    site = year_play.Site(top / "collector", at(found.begin) - year_tale.HOUR, f"{found.pack}.demo.example")
    site.account("admin", "admin")
    for name, role in year_people.ACCOUNTS:
        site.account(name, role)
    site.apply(estates.text(found))
    people = year_people.People(site)
    truth = PEOPLE[found.scheme](people, found, tale, seed)
    life = year_life.Life(site, found, tale)
    begun = time.monotonic()
    for number in range(days):
        day = found.begin + timedelta(days=number)
        life.day(day, people)
        site.settle()
        if number % 30 == 29:
            counted = site.counted["results"], site.counted["batches"], people.done, site.entries()
            say(
                "  {}: {} results, {} batches, {} acts of people, {} entries".format(day, *counted)
                + since(begun)
            )
    # What a round still owes is known when the next one begins, and papers come in the days after.
    site.hands.ms = at(found.begin + timedelta(days=days)) + 9 * DAY
    site.settle()
    return site, truth, people


def since(begun):
    """How long it has taken."""
    return f", {time.monotonic() - begun:.0f} s"


def differences(card, want):
    """Where a scorecard and the clerk's differ, as texts."""
    if "units" in want:
        for number, unit in enumerate(want["units"]):
            held = {line.id: line for line in card.lines if line.unit == estates.unit_id(number)}
            for word, points in unit.items():
                if word != "sum" and told(held[word].points) != points:
                    ours = told(held[word].points)
                    yield f"{estates.unit_id(number)} {word}: {ours}, the clerk has {points}"
    else:
        held = {line.id: line for line in card.lines}
        for word, points in want["lines"].items():
            if told(held[word].points) != str(points):
                yield f"{word}: {told(held[word].points)}, the clerk has {points}"
    if told(card.total) != str(want["total"]):
        yield f"total: {told(card.total)}, the clerk has {want['total']}"


def told(points):
    """Points as the clerk writes them."""
    return "not proven" if points is None else clerk.told(points)


def judged(site, found, truth, until):
    """Every period that is over, printed beside the clerk's; the scorecards and how many differ."""
    cards, wrong = [], 0
    for name, given in truth.items():
        made = scorecards.scorecard(site.context, name)
        card = made.scorecard
        if card.period.to_ms > until:
            break
        want = clerk.SCHEMES[found.scheme](given, {})
        found_wrong = list(differences(card, want))
        wrong += bool(found_wrong)
        cards.append(card)
        money = " ".join(f"{one.id} {one.yuan}" for one in card.money)
        say(f"{name}: {told(card.total)} {card.grade or ''} {money}" + (" DIFFERS" if found_wrong else ""))
        for one in found_wrong:
            say(f"    {one}")
        entry = scorecards.seal(site.context, name, by="qian")
        say(f"    sealed in entry {entry[0]}" if entry else "    nothing to seal")
    return cards, wrong


def settled(found, truth, cards):
    """The settlement of the whole term beside the clerk's; whether they agree."""
    compiled = packaged(found.pack)
    names = list(truth)
    if found.scheme == "luohe_monthly":
        parts = [
            (cards[k : k + 3], {"months": [truth[name] for name in names[k : k + 3]]})
            for k in range(0, 12, 3)
        ]
    elif found.scheme == "pds_quarterly":
        parts = [(cards, {"cycles": list(truth.values())})]
    else:
        parts = [(cards, truth[names[0]])]
    agree = True
    for some, given in parts:
        want = clerk.SCHEMES[found.scheme](given, {})
        money = {one.id: str(one.yuan) for one in settle(compiled, some).money}
        wrong = {
            word: (yuan, want[word]) for word, yuan in money.items() if word in want and want[word] != yuan
        }
        agree = agree and not wrong
        say(f"settlement: {money}" + (f" DIFFERS: {wrong}" if wrong else ""))
    return agree


def bundle(site, found, top):
    """The year's bundle, and what the verifier says of it; its exit code."""
    out = top / "year.zip"
    span = f"{found.begin}/{found.end}"
    make_bundle(site.context, parse_period(span, year_tale.ZONE, site.hands.ms), out)
    begun = time.monotonic()
    words = [sys.executable, "-c", "from collector.verify.cli import main; main()", str(out)]
    words += ["--policy", str(site.place / "policy"), "--full"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    size = out.stat().st_size / 1e6
    say(f"bundle: {size:.1f} MB, verified in {time.monotonic() - begun:.0f} s: exit {done.returncode}")
    for line in (done.stdout + done.stderr).splitlines()[-12:]:
        say(f"    {line}")
    return done.returncode


def main():
    """Plays, judges, prints; 1 where something differs."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--pack", default="pingdingshan-2024")
    given.add_argument("--seed", type=int, default=7)
    given.add_argument("--days", type=int)
    given.add_argument("--keep", type=Path)
    args = given.parse_args()
    found = estates.terms(args.pack)
    whole = (found.end - found.begin).days
    days = min(args.days or whole, whole)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rs-year-") as place:
        top = args.keep or Path(place)
        top.mkdir(parents=True, exist_ok=True)
        site, truth, people = play(top, found, args.seed, days)
        try:
            until = at(found.begin + timedelta(days=days))
            cards, wrong = judged(site, found, truth, until)
            agree = settled(found, truth, cards) if len(cards) == len(truth) else True
            site.settle()
            refused = bundle(site, found, top) if days == whole else 0
            counted = site.counted
            say(
                f"{args.pack}, seed {args.seed}: {counted['results']} results, {counted['batches']} batches,"
                f" {people.done} acts of people, {site.entries()} entries{since(begun)}"
            )
            say(f"{len(cards) - wrong} of {len(cards)} scorecards agree with the clerk's")
        finally:
            site.close()
    return 1 if wrong or not agree or refused else 0


if __name__ == "__main__":
    sys.exit(main())
