"""Which statements there are to make under the contract in force, and which of them this account may make."""

from collections.abc import Mapping

from collector.jobs.known import terms_of
from collector.statements.kind import Kind
from collector.statements.terms import in_use
from collector.store.accounts import Role
from collector.web import auth, i18n, judging_now
from collector.web.pages.base import context, t
from collector.words.judging import word


def offered() -> Mapping[str, Kind]:
    """Kinds of the contract in force (all where it names none) without those that answer another one."""

    def read() -> Mapping[str, Kind]:
        with context().read() as conn:
            return {name: kind for name, kind in in_use(terms_of(conn)).items() if name != "second"}

    return judging_now.kept(("statement-kinds",), read)


def may_say(name: str) -> bool:
    """Whether the asker's role may make this statement: to nobody else a page offers its form."""
    kind = offered().get(name)
    return kind is not None and auth.account().role in kind.who


def roles_of(kind: Kind) -> str:
    """Who may make a statement of this kind."""
    lang = i18n.language()
    return t("judging.part").join(word("who", str(role), lang) for role in Role if role in kind.who)


def who_says(name: str) -> str:
    """Who may make this statement; a dash where the contract has none such."""
    kind = offered().get(name)
    return "–" if kind is None else roles_of(kind)
