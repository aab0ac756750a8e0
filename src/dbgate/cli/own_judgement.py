"""A statement judged in this process, by a policy file and the gateway's own rules: with no gateway running, for a candidate,
or for another server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import click

from dbgate.cli.options import Exit, fail
from dbgate.errors import PolicyError

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient
    from dbgate.control.messages import ExplainAnswer, ExplainedSent
    from dbgate.sql.catalog import Catalog
    from dbgate.sql.statement import LexContext


class Who(NamedTuple):
    """Who sends it, from where, when, and how."""

    user: str
    source: str
    schema: str
    wall: float
    prepared: bool
    tls: bool
    subject: str | None


def say(message: str) -> None:
    """A note on standard error."""
    from dbgate.cli.output import printable

    click.echo(f"dbgate-cli: note: {printable(message)}", err=True)


def judge(
    client: ControlClient, text: bytes, who: Who, context: LexContext, policy_file: str | None, fold: bool
) -> ExplainAnswer:
    """The verdict by the file's rules, in this process."""
    from dbgate.cli.policy_file import parse
    from dbgate.control.explained import as_json, mode_words, server_words, time_words
    from dbgate.policy.compile import compile_policy
    from dbgate.policy.explain import explain as run
    from dbgate.sql.analyze import analyze
    from dbgate.sql.catalog import known_columns, reached

    path, running = (policy_file, "") if policy_file else _file_of(client)
    try:
        policy = compile_policy(parse(path))
    except PolicyError as error:
        problems = "".join(f"\n  {problem}" for problem in error.problems)
        fail(
            Exit.NO,
            f"{path} is not a valid policy:{problems}",
            "correct it; the gateway would refuse it, too",
        )
    if running and running != policy.version:
        say(
            f"the gateway runs policy {running}, but {path} now is {policy.version}, "
            "which is explained here; `dbgate-cli policy reload` puts it live"
        )
    catalog, known = _catalog(client)
    if catalog is not None and catalog.folded and not fold:
        fold = True  # the running gateway's server says so
        context = _folding(context)
    analysis = analyze(text, context, who.schema.lower() if fold else who.schema, who.prepared)
    behind = reached(catalog, analysis)
    subject = who.subject if who.tls else ""
    explanation = run(
        policy,
        who.user,
        who.source,
        analysis,
        who.wall,
        behind=behind,
        tls=who.tls,
        subject=subject,
        columns=known_columns(catalog, analysis),
    )
    sent: ExplainedSent = {
        "user": who.user,
        "source": who.source,
        "schema": who.schema,
        "at": time_words(who.wall),
        "server": server_words(context),
        "charset": context.charset,
        "sql_mode": mode_words(context),
        "prepared": who.prepared,
        "tls": who.tls,
        "cert_subject": subject,
        "fold_names": fold,
    }
    return as_json(
        explanation, analysis, sent, {"file": path, "version": policy.version, "catalog": known}, behind
    )


def _folding(context: LexContext) -> LexContext:
    """The same, with names that compare without case."""
    from dbgate.sql.statement import LexContext as Context

    return Context(
        context.flavour,
        context.version,
        context.charset,
        context.ansi_quotes,
        context.no_backslash_escapes,
        context.ignore_space,
        context.pipes_as_concat,
        context.high_not_precedence,
        True,
    )


def _catalog(client: ControlClient) -> tuple[Catalog | None, str]:
    """The running gateway's catalog, and in words what is known of it."""
    from dbgate.control.client import ControlError
    from dbgate.sql.catalog_text import parse

    try:
        info = client.catalog()
        if not info["configured"] or info["catalog"] is None:
            return None, "the gateway has none: names alone are judged"
        return parse(json.dumps(info["catalog"])), f"{info['objects']} objects, {info['age_s']} s old"
    except ControlError as error:
        return None, f"not known: {error.message}"
    except (KeyError, TypeError, ValueError):
        return None, "not known: the gateway is of another version than this command"


def _file_of(client: ControlClient) -> tuple[str, str]:
    """The running gateway's policy file, and the version that is live."""
    from dbgate.cli.policy_file import local_file
    from dbgate.control.client import Unreachable

    try:
        info = client.policy()
    except Unreachable as error:
        message = f"no policy file was named, and {error.message}"
        raise Unreachable(message, f"{error.hint}; or name the policy with --file FILE") from None
    path = local_file(info, "name a copy of the policy with --file FILE")
    return path, info["version"]
