"""Every command that people script: it is there, or says that it is not in this version; bad input never
ends in a traceback. Exit codes: 0 good, 1 the thing checked is bad, 2 cannot be done."""

from pathlib import Path

import pytest

COLLECTOR, AGENT, VERIFY, WITNESS = (
    "roundseal-collector",
    "roundseal-agent",
    "roundseal-verify",
    "roundseal-witness",
)
THERE = [
    (COLLECTOR, ""),
    (COLLECTOR, "init"),
    (COLLECTOR, "serve"),
    (COLLECTOR, "estate check"),
    (COLLECTOR, "estate apply"),
    (COLLECTOR, "token create"),
    (COLLECTOR, "agents"),
    (COLLECTOR, "agents approve"),
    (COLLECTOR, "agents revoke"),
    (COLLECTOR, "rounds"),
    (COLLECTOR, "round show"),
    (COLLECTOR, "round run"),
    (COLLECTOR, "record export"),
    (COLLECTOR, "availability"),
    (COLLECTOR, "availability case"),
    (COLLECTOR, "scorecard"),
    (COLLECTOR, "scorecard case"),
    (COLLECTOR, "scorecard settle"),
    (COLLECTOR, "pack"),
    (COLLECTOR, "pack check"),
    (COLLECTOR, "pack schema"),
    (COLLECTOR, "statement add"),
    (COLLECTOR, "bundle make"),
    (COLLECTOR, "fsck"),
    (COLLECTOR, "rebuild"),
    (COLLECTOR, "backup"),
    (COLLECTOR, "import"),
    (AGENT, ""),
    (AGENT, "enrol"),
    (AGENT, "run"),
    (AGENT, "status"),
    (AGENT, "doctor"),
    (AGENT, "check"),
    (AGENT, "once"),
    (AGENT, "discover"),
    (AGENT, "parse"),
    (AGENT, "trust"),
    (VERIFY, ""),
]
LATER = [
    (COLLECTOR, "prune @dir --before 2026-01-01"),
    (WITNESS, "serve"),
    (WITNESS, "pull http://127.0.0.1:1"),
    (WITNESS, "sign @garbage @garbage"),
]
# Words, exit code, what must be said. @none: nothing is there; @empty, @state: empty folders; @garbage: a
# file of odd bytes; @dir: a collector's directory; @broken: one whose database is no database.
BAD = [
    (COLLECTOR, "nonsense", 2, "nonsense"),
    (COLLECTOR, "init @dir", 2, "not empty"),
    (COLLECTOR, "init @garbage", 2, "garbage"),
    (COLLECTOR, "init @none --listen nowhere", 2, "HOST:PORT"),
    (COLLECTOR, "init @none --url http://192.0.2.1", 2, "loopback"),
    (COLLECTOR, "init @none --origin a+b", 2, "a+b"),
    (COLLECTOR, "init @none --database mysql://here/x", 2, "database: postgresql://"),
    (COLLECTOR, "init @none --database postgresql://127.0.0.1:1/x", 2, "the database cannot be used"),
    (COLLECTOR, "serve @none", 2, "run init"),
    (COLLECTOR, "serve @empty", 2, "run init"),
    (COLLECTOR, "serve @broken", 2, "roundseal-collector: "),
    (COLLECTOR, "serve @dir --listen 192.0.2.1:1", 2, "192.0.2.1"),
    (COLLECTOR, "estate check @none", 2, "no such file"),
    (COLLECTOR, "estate check @garbage", 1, "garbage"),
    (COLLECTOR, "estate check @typo", 1, "typo.yaml:3"),
    (COLLECTOR, "estate apply @none @estate", 2, "run init"),
    (COLLECTOR, "estate apply @dir @typo", 1, "typo.yaml:3"),
    (COLLECTOR, "token create @none --asset a", 2, "run init"),
    (COLLECTOR, "token create @dir", 2, "--asset"),
    (COLLECTOR, "agents @none", 2, "run init"),
    (COLLECTOR, "agents @broken", 2, "roundseal-collector: "),
    (COLLECTOR, "agents approve @dir 00000-00000-00000-00000", 2, "roundseal-collector: "),
    (COLLECTOR, "agents revoke @dir nobody --reason x", 2, "nobody"),
    (COLLECTOR, "rounds @none", 2, "run init"),
    (COLLECTOR, "round show @dir daily/2026-11-01", 2, "daily"),
    (COLLECTOR, "round run @dir daily", 2, "roundseal-collector: "),
    (COLLECTOR, "record export @dir daily --to @out.docx", 2, "daily"),
    (COLLECTOR, "record export @dir daily --to @out.odt", 2, ".docx"),
    (COLLECTOR, "availability @dir portal --from 2026-11-01 --to 2026-11-02", 2, "roundseal-collector: "),
    (COLLECTOR, "availability @dir portal --from yesterday --to 2026-11-02", 2, "roundseal-collector: "),
    (COLLECTOR, "availability case @garbage", 2, "garbage"),
    (COLLECTOR, "availability case @none", 2, "none"),
    (COLLECTOR, "scorecard @dir --period 2026-11", 2, "roundseal-collector: "),
    (COLLECTOR, "scorecard case @garbage", 2, "garbage"),
    (COLLECTOR, "scorecard case @none", 2, "none"),
    (COLLECTOR, "scorecard settle @dir", 2, "no_pack"),
    (COLLECTOR, "pack check @none", 2, "luohe-2026"),
    (COLLECTOR, "pack check @garbage", 1, "garbage"),
    (COLLECTOR, "pack check @typo", 1, "unknown key"),
    (COLLECTOR, "pack @none", 2, "run init"),
    (COLLECTOR, "statement add @dir approval --field window=none", 2, "none"),
    (COLLECTOR, "statement add @dir wedding --field a=b", 2, "wedding"),
    (COLLECTOR, "bundle make @dir --period someday --out @out.zip", 2, "2026-Q4, 2026, today, or FROM/TO"),
    (COLLECTOR, "bundle make @dir --period 2026-13 --out @out.zip", 2, "'2026-13' is no period"),
    (COLLECTOR, "bundle make @dir --period 2026-11-22/2026-11-21 --out @out.zip", 2, "FROM stands first"),
    (COLLECTOR, "bundle make @dir --period today --out @none/x.zip", 2, "no folder"),
    (COLLECTOR, "bundle make @none --period today --out @out.zip", 2, "run init"),
    (COLLECTOR, "fsck @none", 2, "run init"),
    (COLLECTOR, "fsck @broken", 2, "roundseal-collector: "),
    (COLLECTOR, "rebuild @none", 2, "run init"),
    (COLLECTOR, "backup @none @out.tar", 2, "run init"),
    (COLLECTOR, "backup @dir @none/deep/out.tar", 2, "roundseal-collector: "),
    (COLLECTOR, "import @dir @garbage", 2, "garbage"),
    (COLLECTOR, "import @dir @none", 2, "none"),
    (AGENT, "", 2, "COMMAND"),
    (AGENT, "nonsense", 2, "nonsense"),
    (AGENT, "enrol http://192.0.2.1 enrol1.x --state @state", 2, "roundseal-agent: "),
    (AGENT, "enrol https://127.0.0.1:1 not-a-token --state @state", 2, "token"),
    (AGENT, "run --state @state", 2, "enrol"),
    (AGENT, "run --state @garbage", 2, "roundseal-agent: "),
    (AGENT, "status --state @state", 2, "enrol"),
    (AGENT, "check host.nonsense --state @state", 2, "host.nonsense"),
    (AGENT, "check host.cpu --param colour=blue --state @state", 2, "colour"),
    (AGENT, "once --plan @garbage --seal @out.xz --state @state", 2, "roundseal-agent: "),
    (AGENT, "once --plan @none --seal @out.xz --state @state", 2, "roundseal-agent: "),
    (VERIFY, "@none --policy @dir/policy", 2, "no such file"),
    (VERIFY, "@garbage --policy @none", 2, "none"),
    (VERIFY, "@garbage --policy @garbage", 2, "is no policy: it is no text"),
    (VERIFY, "@garbage --policy @dir/policy", 1, ""),
    (VERIFY, "@garbage --policy @dir/policy --paper seven", 2, "--paper"),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory, made) -> dict[str, Path]:
    """What the words with @ stand for."""
    place = tmp_path_factory.mktemp("places")
    for name in ("empty", "state"):
        (place / name).mkdir()
    garbage = place / "garbage"
    garbage.write_bytes(bytes(range(256)) * 40)
    estate = place / "estate.yaml"
    estate.write_text("estate: small\nunits: [{id: here}]\nassets: [{id: a, kind: server, agent: a}]\n")
    typo = place / "typo.yaml"
    typo.write_text("estate: small\nunits: [{id: here}]\nassets: [{id: a, knid: server}]\n")
    broken = place / "broken"
    broken.mkdir(mode=0o700)
    for part in ("keys", "tls"):
        (broken / part).symlink_to(made / part)
    (broken / "collector.yaml").write_text((made / "collector.yaml").read_text())
    (broken / "collector.db").write_bytes(garbage.read_bytes())
    known = {"none": place / "none", "dir": made, "garbage": garbage, "estate": estate, "typo": typo}
    known |= {name: place / name for name in ("empty", "state", "broken")}
    return known | {f"out.{end}": place / f"out.{end}" for end in ("docx", "odt", "zip", "tar", "xz")}


def words(text: str, places: dict[str, Path]) -> list[str]:
    return [_word(word, places) for word in text.split()]


def _word(word: str, places: dict[str, Path]) -> str:
    if not word.startswith("@"):
        return word
    name, slash, rest = word[1:].partition("/")
    return f"{places[name]}{slash}{rest}"


@pytest.mark.parametrize(("program", "text", "code", "says"), BAD)
def test_bad_input_is_named_and_exits_as_documented(run, places, program, text, code, says):
    said = run(program, *words(text, places))
    assert said.code == code, said.out + said.err
    assert says in said.err + (said.out if code == 1 else ""), said.err


@pytest.mark.parametrize(("program", "text"), LATER)
def test_a_command_of_a_later_version_says_so_and_exits_2(run, places, program, text):
    said = run(program, *words(text, places))
    assert said.code == 2
    assert "not in this version" in said.err


@pytest.mark.parametrize(("program", "text"), THERE)
def test_every_command_is_there_and_explains_itself(run, program, text):
    said = run(program, *text.split(), "--help")
    assert said.code == 0, said.err
    assert "usage" in said.out.lower()


def test_the_agent_has_the_name_that_pages_give_it(run):
    assert "巡证代理" in run(AGENT, "--help").out
