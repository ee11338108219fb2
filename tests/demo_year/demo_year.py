"""A contract's year, played and judged: `demo_year.py --pack luohe-2026 [--seed 7] [--days N] [--keep DIR]`.

Outages, work with and without approval, weeks without a round, special inspections before holidays and key
moments (kept and not), backups that are missing or late, scans and flaws, a sensor that stands still, results
that wait for a line, statements of three people, seals and amendments. Results go through real outboxes,
signatures, the intake and the log, with a clock that is set; probes look every ten minutes and each second
while something fails. Each period is sealed nine days after its end and amended after what came later; its
scorecard stands beside a clerk's, who knows only the tale (year_truth.py, clerk.py). Then come the
settlement, the ledger of obligations, what looks made up, and the bundle of the year. Exit 0 where all agree.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import clerk
import year_estate as estates
import year_habits
import year_life
import year_people
import year_play
import year_tale
import year_truth
from year_tale import AMENDED_AFTER, COPY, DAY, FAKED, FAKED_WEEKS, MODEL, at

from collector.cli_card import card_lines
from collector.evidence.periods import parse_period
from collector.jobs import cadence, scorecards, settlements, suspicious
from collector.jobs.bundles import make_bundle
from collector.reports.judging_found import judged_of
from collector.scoring.unbounded import least

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = {
    "luohe_monthly": year_habits.luohe,
    "pds_quarterly": year_habits.pds,
    "huaian_yearly": year_habits.huaian,
}
TOLD = ("in short", "scorecard", "settlement", "VERIFIED")  # what is shown of a good bundle's verdicts
AFTER = 14  # days that are played after the year: seals and amendments come then


def say(text=""):
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def play(top, found, seed, days):
    """The year (or its first days); the site, the tale, the truth by period, the people."""
    tale = year_tale.TALES[found.scheme](found, seed)
    site = year_play.Site(top / "collector", at(found.begin) - year_tale.HOUR, f"{found.pack}.demo.example")
    site.account("admin", "admin")
    for name, role in year_people.ACCOUNTS:
        site.account(name, role)
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
    return site, tale, truth, people


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


def judged(site, found, truth, people, until):
    """Every period that is over, printed beside the clerk's; the scorecards and how many differ."""
    cards, wrong = [], 0
    for name, given in truth.items():
        made = scorecards.scorecard(site.context, name)
        card = made.scorecard
        if card.period.to_ms + AMENDED_AFTER * DAY >= until:
            break
        want = clerk.SCHEMES[found.scheme](given, {})
        found_wrong = list(differences(card, want)) + list(sealed_wrong(people.sealed.get(name, ()), card))
        wrong += bool(found_wrong)
        cards.append(card)
        money = " ".join(f"{one.id} {one.yuan}" for one in card.money)
        say(f"{name}: {told(card.total)} {card.grade or ''} {money}" + (" DIFFERS" if found_wrong else ""))
        for one in found_wrong:
            say(f"    {one}")
        for entry, whole in people.sealed.get(name, ()):
            say(f"    {seal_line(entry, whole)}")
    return cards, wrong


def seal_line(entry, whole):
    """A seal or an amendment in a line."""
    word = "sealed" if whole.number == 0 else f"amendment {whole.number}"
    card = whole.scorecard
    low = "no lower bound" if card.low is None else clerk.told(card.low)
    points = told(card.total) if card.total is not None else f"{low} .. {clerk.told(card.high)}"
    changes = ", ".join(
        f"{one.what}{' ' + one.unit if one.unit else ''} {changed(one.before)} -> {changed(one.after)}"
        for one in whole.changes
    )
    return f"{word} in entry {entry}: {points}" + (f" ({changes})" if changes else "")


def changed(value):
    """What an amendment changes, as people read it: points as decimals, and that nothing was proven."""
    if value is None:
        return "not proven"
    return told(Fraction(value)) if re.fullmatch(r"-?\d+(/\d+)?", value) else value or "none"


def sealed_wrong(history, card):
    """What is amiss with the seals: the last one is not what stands now, or bounds that miss the truth."""
    if not history:
        yield "it was never sealed"
        return
    last = history[-1][1].scorecard
    if (last.total, last.money) != (card.total, card.money):
        yield f"the last seal says {told(last.total)}"
    held = {(line.id, line.unit): line.points for line in card.lines}
    for _, whole in history:
        # Before the line was back nobody could know better than bounds, and those had to hold.
        for line in whole.scorecard.lines:
            points = held.get((line.id, line.unit))  # a fine that nobody paid has no line
            if line.points is None and points is not None and not least(line.low) <= points <= line.high:
                yield f"seal {whole.number} had {line.id} in {line.low} .. {line.high}"


def explained(site, cards):
    """The scorecard of the period with the fewest points, line by line."""
    card = min(cards, key=lambda one: (one.total is not None, one.total or 0))
    made = scorecards.scorecard(site.context, card.period.name)
    with site.context.read() as conn:
        status, judged = scorecards.status(conn, made), judged_of(conn, made)
    say(f"{card.period.name} in full:")
    for line in card_lines(made, status, judged):
        say(f"    {line}")


def faked(site, tale, names):
    """Whether what looks made up is what was, and nothing else; printed."""
    found = set()
    for name in names:
        with site.context.read() as conn:
            for one in suspicious.suspicions(conn, name, site.hands.ms):
                found.add((str(one.word), one.check, one.target, one.of))
    wanted = {("constant", "host.memory", estates.server_id(FAKED), "")}
    checks = ("host.cpu", "host.memory", "host.uptime")
    wanted |= {("copied", check, estates.server_id(COPY), estates.server_id(MODEL)) for check in checks}
    last = at(tale.weeks()[FAKED_WEEKS[-1]])
    if last > site.hands.ms:
        return True
    for one in sorted(found | wanted):
        say("looks made up: " + " ".join(one) + ("" if one in found & wanted else " DIFFERS"))
    return found == wanted


def owed(site, found, tale):
    """Whether the ledger of obligations misses what the clerk does, over the whole term; printed."""
    with site.context.read() as conn:
        lines = {one.obligation.id: one for one in cadence.ledger(conn, site.hands.ms, whole_term=True).lines}
    agree = True
    for name, wanted in year_truth.ledger(found, tale).items():
        obligation, _, rhythm = name.partition(".")
        rows = [row for row in lines[obligation].rows if rhythm in ("", str(row.cadence))]
        ours = sum(row.state in ("missed", "late") for row in rows)
        same = ours == wanted
        agree = agree and same
        told = f"obligation {name}: {ours} of {len(rows)} missed or late"
        say(told + ("" if same else f" DIFFERS: the clerk has {wanted}"))
    return agree


def settled(site, found, truth):
    """The settlement of the whole term, logged, beside the clerk's; whether they agree."""
    every = list(truth.values())
    if found.scheme == "luohe_monthly":
        parts = [{"months": every[k : k + 3]} for k in range(0, 12, 3)]
    elif found.scheme == "pds_quarterly":
        promises = sum(one["support"].get("promises_missed", 0) for one in every)
        if found.pack in year_truth.PROMISED:
            # The availability is one promise: two points in each cycle that misses it, 3 % once.
            promises -= sum(one["away"] for one in every) - any(one["away"] for one in every)
        blamed = sum(one.get("reprimands", 0) for one in every)
        parts = [{"cycles": every, "promises_missed_total": promises, "blamed_by_superior": blamed}]
    else:
        parts = every
    done = settlements.seal(site.context, by=year_people.MANAGER)
    agree = len(done) == len(parts)
    for (entry, made), given in zip(done, parts, strict=False):
        want = clerk.SCHEMES[found.scheme](given, {})
        money = {one.id: str(one.yuan) for one in made.settlement.money}
        wrong = {
            word: (yuan, want[word]) for word, yuan in money.items() if word in want and want[word] != yuan
        }
        agree = agree and not wrong
        say(f"settlement {made.name}, entry {entry}: {money}" + (f" DIFFERS: {wrong}" if wrong else ""))
    return agree


def bundle(site, found, top):
    """The year's bundle, and what the verifier says of it; its exit code."""
    out = top / "year.zip"
    span = f"{found.begin}/{found.end + timedelta(days=AFTER)}"
    make_bundle(site.context, parse_period(span, year_tale.ZONE, site.hands.ms), out)
    begun = time.monotonic()
    words = [sys.executable, "-c", "from collector.verify.cli import main; main()", str(out)]
    words += ["--policy", str(site.place / "policy"), "--full"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    size = out.stat().st_size / 1e6
    say(f"bundle: {size:.1f} MB, verified in {time.monotonic() - begun:.0f} s: exit {done.returncode}")
    verdicts = (done.stdout + done.stderr).splitlines()
    for line in verdicts[-12:] if done.returncode else verdicts:
        if done.returncode or any(word in line for word in TOLD):
            say(f"    {line.strip()}")
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
    whole = (found.end - found.begin).days + AFTER
    days = min(args.days or whole, whole)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rs-year-") as place:
        top = args.keep or Path(place)
        top.mkdir(parents=True, exist_ok=True)
        site, tale, truth, people = play(top, found, args.seed, days)
        try:
            cards, wrong = judged(site, found, truth, people, at(found.begin + timedelta(days=days)))
            if cards:
                explained(site, cards)
            agree = settled(site, found, truth) if len(cards) == len(truth) else True
            agree = faked(site, tale, [card.period.name for card in cards]) and agree
            if days == whole:
                agree = owed(site, found, tale) and agree
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
