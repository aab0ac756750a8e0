"""An explanation (control.messages.ExplainAnswer) as text blocks for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from dbgate.control.messages import BehindInfo, ExplainAnswer, StatementInfo

_HEADLINES: Final = {"allow": "ALLOWED", "would_block": "WOULD BE BLOCKED (monitor)", "block": "BLOCKED"}
_STYLES: Final = {"allow": "bold green", "would_block": "bold yellow", "block": "bold red"}
_OUTCOME_STYLES: Final = {
    "passed": "green",
    "would_block": "yellow",
    "block": "bold red",
    "not reached": "dim",
}


def as_text(answer: ExplainAnswer) -> Group:
    """The explanation as blocks: verdict, steps, what each statement does. What a newer gateway leaves out is not shown."""
    from rich.console import Group

    from dbgate.cli import output as out

    blocks: list[Any] = [_headline(answer)]
    if answer["reason"]:
        blocks.append(out.cell(answer["reason"], wrap=True))
    blocks += ["", _circumstances(answer), "", _steps(answer)]
    if answer["error"]:
        blocks += ["", out.cell(f"It could not be understood: {answer['error']}", "red")]
    statements = answer["statements"]
    for number, statement in enumerate(statements, 1):
        many = f"Statement {number}" if len(statements) > 1 else "The statement"
        blocks += ["", out.heading(f"{many}: {out.one_line(statement['verb'])}"), _facts(statement)]
    if answer["behind"]:
        blocks += ["", out.heading("Behind its names"), *_behind(answer["behind"])]
    notes = [f"note: {note}" for note in answer.get("notes", [])]
    assumed = answer["sent"].get("assumed")
    if assumed:
        notes.append(f"note: nobody has logged in yet, so this is a guess: {', '.join(assumed)}")
    if answer["policy"].get("catalog"):
        notes.append(f"catalog: {answer['policy']['catalog']}")
    if notes:
        blocks += ["", *(out.cell(note, "dim", wrap=True) for note in notes)]
    return Group(*blocks)


def _headline(answer: ExplainAnswer) -> Any:
    from dbgate.cli import output as out

    file = answer["policy"]["file"]
    effect = answer["decision"]
    text = out.cell(_HEADLINES.get(effect, effect), _STYLES.get(effect, ""))
    if answer["rule"]:
        text.append(" " + out.one_line(f"by rule {answer['rule']}"), style="bold")
        text.append(" " + out.one_line(f"({file}:{answer['rule_line']})") if answer["rule_line"] else "")
    elif effect == "allow" and answer["access_rule"]:
        where = f" ({file}:{answer['access_rule_line']})" if answer["access_rule_line"] else ""
        text.append(" " + out.one_line(f"by access rule {answer['access_rule']}{where}"))
    if effect == "block" and answer["mode"] == "":
        text.append(" (never monitored)", style="dim")
    return text


def _circumstances(answer: ExplainAnswer) -> Any:
    from dbgate.cli import output as out

    sent = answer["sent"]
    entry = f"access rule {answer['access_rule']}" if answer["access_rule"] else "no access rule"
    schema = f"schema {sent['schema']}" if sent["schema"] else "no current schema"
    mode = f", sql_mode {sent['sql_mode']}" if sent["sql_mode"] else ""
    clear = "" if sent.get("tls", True) else ", without TLS"
    return out.cell(
        f"{sent['user']} from {sent['source']}{clear} ({entry}), {schema}, at {sent['at']}, "
        f"{sent['server']} in {sent['charset']}{mode}, policy {answer['policy']['version'] or 'none'}",
        "dim",
        wrap=True,
    )


def _steps(answer: ExplainAnswer) -> Table:
    from dbgate.cli import output as out

    steps = answer["steps"]
    made = out.table(
        ("STEP", "", "OUTCOME", "RULE", "LINE", "WHY"),
        numbers=("STEP", "LINE"),
        whole={"STEP": 4, "": out.longest(step["name"] for step in steps), "OUTCOME": 11},
    )
    for step in steps:
        made.add_row(
            out.cell(step["number"]),
            out.cell(step["name"]),
            out.cell(step["outcome"].replace("_", " "), _OUTCOME_STYLES.get(step["outcome"], "")),
            out.cell(step["rule"]),
            out.cell(step["rule_line"] or ""),
            out.cell(step["reason"], wrap=True),
        )
    return made


def _facts(statement: StatementInfo) -> Table:
    """What a verdict on the statement rests on, a line each; what does not apply is left out."""
    from rich.table import Table

    from dbgate.cli import output as out

    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    needs = statement["needs"]
    tables = [need for need in needs if need["table"]]
    rows = (
        ("operations", ", ".join(statement["operations"])),
        ("reads", _names(need for need in tables if not need["written"])),
        ("writes", _names(need for need in tables if need["written"])),
        ("schemas", ", ".join(sorted({n["schema"] for n in needs if n["schema"] and not n["table"]}))),
        ("functions", ", ".join(statement["functions"])),
        ("calls", ", ".join(statement["calls"])),
        ("no WHERE", ", ".join(statement["without_where"])),
        ("dynamic SQL", statement["dynamic_sql"]),
        (
            "session",
            "sets up or keeps the session: needs no right of its own"
            if statement["session_statement"]
            else "",
        ),
        ("session state", statement["session_state"]),
        ("new schema", statement["new_schema"] or ""),
        ("routine", "creates, alters or drops one" if statement["creates_routine"] else ""),
        *(("detector", f"{hit['detector']}: {hit['reason']}") for hit in statement["detections"]),
    )
    for name, value in rows:
        if value:
            made.add_row(f"  {name}", out.cell(value, wrap=True))
    if statement["folded"] is not None:
        made.add_row("  runs", _facts(cast("StatementInfo", statement["folded"])))
    return made


def _behind(behind: list[BehindInfo]) -> list[Any]:
    """Each object that the statement reaches, and what its body does."""
    from dbgate.cli import output as out

    blocks: list[Any] = []
    for one in behind:
        blocks.append(out.cell(f"  {one['path']}", "bold", wrap=True))
        tables = [need for need in one["needs"] if need["table"]]
        for name, value in (
            ("reads", _names(need for need in tables if not need["written"])),
            ("writes", _names(need for need in tables if need["written"])),
            ("functions", ", ".join(one["functions"])),
            ("calls", ", ".join(one["calls"])),
            ("cannot be followed", one["problem"]),
        ):
            if value:
                style = "red" if value == one["problem"] else ""
                blocks.append(out.cell(f"    {name}: {value}", style, wrap=True))
    return blocks


def _names(needs: Any) -> str:
    return ", ".join(sorted({f"{need['schema'] or '(no schema)'}.{need['table']}" for need in needs}))
