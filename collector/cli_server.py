"""`init` and `serve`."""

import logging
import secrets
import shutil
import socket
import sys
from pathlib import Path

import click
import yaml

from checks.wire import note
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from checks.wire.signing import Signer, new_seed
from collector.cli_parts import DIRECTORY, fail
from collector.context import ConfigError, check_database, open_context, system_clock
from collector.tls import make_certificate, write_secret

FIRST_ACCOUNT = "admin"


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--origin", help="Name of the log; cannot be changed later.")
@click.option("--listen", default="127.0.0.1:8443", show_default=True, help="HOST:PORT to listen on.")
@click.option("--url", help="Where agents and people reach it [default: https://LISTEN].")
@click.option("--database", help="postgresql://… instead of SQLite in DIR.")
def init(directory: Path, origin: str | None, listen: str, url: str | None, database: str | None) -> None:
    """Make a data directory: log key, certificate, policy, first account."""
    try:
        password = make(directory, origin, listen, url, database)
    except (ConfigError, WireError, OSError) as error:
        fail(str(error))
    vkey = (directory / "keys" / "log.vkey").read_text(encoding="utf-8").strip()
    click.echo(f"log key (give this to the buyer, on paper): {vkey}")
    click.echo(f"account {FIRST_ACCOUNT}, one-time password: {password}")


def make(directory: Path, origin: str | None, listen: str, url: str | None, database: str | None) -> str:
    """Everything `init` does; the first account's one-time password."""
    from collector.serve import parse_listen

    host, _ = parse_listen(listen)
    if (directory / "collector.yaml").exists() or (directory.exists() and any(directory.iterdir())):
        raise ConfigError(f"{directory} is not empty")
    origin = origin or f"{socket.gethostname()}/{secrets.token_hex(4)}"
    note.check_name(origin)
    url = url or f"https://{listen}"
    named = _host_of(url)  # whatever is refused is refused before anything is made
    if database:
        check_database(database)
    made = not directory.exists()
    try:
        return _filled(directory, origin, listen, url, database, [named, host])
    except (ConfigError, WireError, OSError):
        # A full disk, a database that is not there: it was empty, and can be tried again.
        _emptied(directory, made)
        raise


def _emptied(directory: Path, made: bool) -> None:
    """Remove what a failed `init` left, and the directory itself where it was made."""
    for one in directory.iterdir() if directory.is_dir() else ():
        shutil.rmtree(one, ignore_errors=True) if one.is_dir() else one.unlink(missing_ok=True)
    if made and directory.is_dir():
        directory.rmdir()


def _filled(
    directory: Path, origin: str, listen: str, url: str, database: str | None, hosts: list[str]
) -> str:
    """The files and the first account, in an empty directory; the account's one-time password."""
    from collector.store import accounts

    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    (directory / "keys").mkdir(mode=0o700)
    seed = new_seed()
    write_secret(directory / "keys" / "log.key", seed.hex().encode() + b"\n")
    write_secret(directory / "keys" / "token.key", new_seed().hex().encode() + b"\n")
    vkey = note.format_vkey(note.make_vkey(origin, Signer(seed).public))
    (directory / "keys" / "log.vkey").write_text(f"{vkey}\n", encoding="utf-8")
    (directory / "policy").write_text(f"log {vkey}\nquorum none\n", encoding="utf-8")
    names = dict.fromkeys([*hosts, socket.gethostname(), "localhost", "127.0.0.1"])
    make_certificate(directory, [name for name in names if name], system_clock())
    settings = {"origin": origin, "listen": listen, "url": url, "id": secrets.token_hex(8)}
    if database:
        settings["database"] = database
    write_secret(directory / "collector.yaml", yaml.safe_dump(settings, sort_keys=False).encode())
    with open_context(directory) as context:
        password = accounts.one_time_password()
        with context.write() as conn:
            accounts.create(conn, FIRST_ACCOUNT, password, "admin")
        context.append_collector_entry(EntryKind.COLLECTOR, {"event": "init", "vkey": vkey})
    return password


def _host_of(url: str) -> str:
    from urllib.parse import urlsplit

    from collector.serve import is_loopback

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"url {url!r}: https://HOST[:PORT] is wanted")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigError(f"url {url!r}: plain http is for loopback addresses only")
    return parts.hostname


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--listen", help="HOST:PORT instead of the one in collector.yaml.")
@click.option("--plain-http", is_flag=True, help="Without TLS, on a loopback address only.")
@click.option("--accept-restore", is_flag=True, help="After a restore: sign and tell, whoever is silent.")
@click.option(
    "--provers",
    type=click.IntRange(0, 64),
    help="Processes that check batches; 0: the server's own threads do [default: by the cores, at most 2].",
)
def serve(
    directory: Path, listen: str | None, plain_http: bool, accept_restore: bool, provers: int | None
) -> None:
    """Run the server until SIGTERM."""
    from collector import serve as server
    from collector.evidence.intake import Fenced

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

    def say(text: str) -> None:
        click.echo(text)
        sys.stdout.flush()

    try:
        server.serve(
            directory,
            listen=listen,
            plain=plain_http,
            accept_restore=accept_restore,
            provers=provers,
            say=say,
        )
    except (ConfigError, Fenced, OSError) as error:
        fail(str(error))
