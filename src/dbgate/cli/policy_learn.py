"""`dbgate-cli policy learn`: from an audit log to the shapes that each user is known to send."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from dbgate.cli.audit_tail import parse
from dbgate.cli.options import Exit, fail
from dbgate.cli.policy_explain import Moment
from dbgate.errors import PolicyError

if TYPE_CHECKING:
    from dbgate.policy.learning import Learner, Seen
    from dbgate.policy.shapefile import ShapeFile

_SHOWN: Final = 10  # of the statements that were left out


@click.command()
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--user", default="", metavar="NAME", help="Only this database user.  [default: all]")
@click.option(
    "--since",
    type=Moment(),
    default=None,
    metavar="TIME",
    help="Only from then on; UTC unless it has a zone.",
)
@click.option(
    "--out",
    type=click.Path(),
    default="-",
    metavar="FILE",
    help="Where the shapes go; what is in it stays.  [default: standard output]",
)
@click.option(
    "-o",
    "--output",
    default="table",
    metavar="[table|json]",
    help="For people, or for programs. Anything else is taken as --out.  [default: table]",
)
@click.option(
    "--with-detected",
    is_flag=True,
    help="Learn statements that an injection detector hit, too; read them first.",
)
def learn(
    files: tuple[str, ...], user: str, since: float | None, out: str, output: str, with_detected: bool
) -> None:
    """Learn from the audit logs FILES which statements each user sends.

    FILES is DBGATE_AUDIT_LOG where nothing is named, else audit_log of the dbgate.yaml in this folder, else
    /var/log/dbgate/audit.jsonl; - is standard input;
    rotated logs (audit.jsonl.1, also .gz) may be named beside it. Writes the allow-list that sql_rules.shapes
    names, to be read by a person. What was blocked, or failed on the server, is not learned.
    """
    from dbgate.cli.audit_log import default_log, lines
    from dbgate.cli.files import replace_file
    from dbgate.policy.learning import Learner
    from dbgate.policy.shapefile import write_shapes

    if output not in ("table", "json"):
        out = output
    learner = Learner(_present(out), with_detected)
    records = 0
    for line in lines(list(files) or [default_log()]):
        record = parse(line)
        seen = _seen(record, user, since) if record is not None else None
        if seen is not None:
            records += 1
            learner.add(seen)
    text = write_shapes(learner.file)
    if out != "-":
        try:  # in one step: a gateway that reloads now reads the old file or the new one
            replace_file(out, text.encode())
        except OSError as error:
            fail(Exit.USAGE, f"{out} cannot be written: {error.strerror}", "name another file with --out")
    if output == "json":
        _print_json(learner, records, out, text)
        return
    if out == "-":
        click.echo(text, nl=False)
    _report(learner, records, out)


def _count(learner: Learner) -> int:
    return sum(len(known) for known in learner.file.users.values())


def _print_json(learner: Learner, records: int, out: str, text: str) -> None:
    """What was done, and the shapes themselves where no file has them."""
    from dbgate.cli.output import print_json

    print_json(
        {
            "statements": records,
            "new_shapes": learner.added,
            "shapes": _count(learner),
            "users": len(learner.file.users),
            "file": "" if out == "-" else out,
            "text": text if out == "-" else "",
            "left_out": [
                {"user": seen.user, "statement": seen.statement, "detectors": sorted(seen.detections)}
                for seen in learner.suspects.values()
            ],
        }
    )


def _report(learner: Learner, records: int, out: str) -> None:
    """What was done, and what a person should look at, on standard error."""
    from dbgate.cli.output import printable

    where = "" if out == "-" else f" in {out}"
    click.echo(
        printable(
            f"dbgate-cli: {records} statements: {learner.added} new shapes, {_count(learner)} shapes of "
            f"{len(learner.file.users)} users{where}"
        ),
        err=True,
    )
    if not learner.suspects:
        return
    click.echo(
        f"dbgate-cli: {len(learner.suspects)} shapes were left out, because an injection detector hit them; "
        "learn those that are honest with --with-detected:",
        err=True,
    )
    for seen in list(learner.suspects.values())[:_SHOWN]:
        detectors = ", ".join(sorted(seen.detections))
        click.echo(printable(f"  {seen.user} [{detectors}] {seen.statement[:200]}"), err=True)


def _present(out: str) -> ShapeFile:
    """What the output file holds already."""
    from dbgate.cli.policy_file import read_bytes
    from dbgate.policy.shapefile import ShapeFile, parse_shapes

    if out == "-" or not Path(out).exists() or not Path(out).stat().st_size:
        return ShapeFile()
    try:
        return parse_shapes(read_bytes(out).decode("utf-8"), out)
    except UnicodeDecodeError:
        fail(Exit.NO, f"{out} is not UTF-8 text", "it stays as it is; name another file with --out")
    except PolicyError as error:
        problems = "".join(f"\n  {problem}" for problem in error.problems)
        fail(
            Exit.NO,
            f"{out} holds something else than learned shapes:{problems}",
            "it stays as it is; correct it, or name another file with --out",
        )


def _seen(record: dict[str, Any], user: str, since: float | None) -> Seen | None:
    """The record where it is a statement that ran, of this user and time."""
    from dbgate.policy.learning import Seen

    name = record.get("db_user")
    ran = record.get("decision") in ("allow", "would_block") and not record.get("error_code")
    if not ran or not isinstance(name, str) or (user and name != user) or not record.get("digest"):
        return None
    if since is not None and not _at(record) >= since:
        return None
    return Seen(
        name,
        str(record["digest"]),
        str(record.get("statement", "")),
        str(record.get("db_schema", "")),
        _texts(record, "operations"),
        _texts(record, "tables"),
        _texts(record, "detections"),
    )


def _at(record: dict[str, Any]) -> float:
    """Its time in Unix seconds; -1 where it says none."""
    try:
        return datetime.fromisoformat(str(record.get("time", ""))).timestamp()
    except ValueError:
        return -1.0


def _texts(record: dict[str, Any], name: str) -> list[str]:
    value = record.get(name)
    return [str(item) for item in value] if isinstance(value, list) else []
