from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dbgate.control.auditlog import Search
from dbgate.dashboard.lookup import logs_of, look_up
from dbgate.dashboard.records import conditions, together
from tests.shell.dashboard.pages import Gateway, Pages, line, write_log


def test_blocked_statements_are_filtered_and_escaped(site: Pages, tmp_path: Path) -> None:
    write_log(
        tmp_path / "audit.jsonl",
        [
            line(statement="SELECT '<script>alert(1)</script>'", rule="injection", db_user="<b>eve"),
            line(event="query", decision="allow", rule="", reason="", statement="SELECT fine"),
            line(event="query.would_block", decision="would_block", rule="shape", statement="SELECT new"),
        ],
    )
    site.log_in("vic")
    text = site.get("/blocked").text
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        and "<script>alert" not in text
        and "<b>eve" not in text
    )
    assert "SELECT new" in text and "SELECT fine" not in text
    assert "SELECT new" not in site.get("/blocked?rule=injection").text
    assert "SELECT fine" in site.get("/audit").text
    assert "SELECT fine" not in site.get("/audit?event=query.blocked").text
    assert "No record fits" in site.get("/blocked?user=nobody").text
    assert "&lt;script&gt;" in site.get("/newest").text


def test_a_filter_is_shown_again_as_text(site: Pages) -> None:
    site.log_in("vic")
    assert "No record fits" in site.get("/blocked?user=x&within=7d").text
    assert '"><i>' not in site.get("/blocked?user=%22%3E%3Ci%3E").text


def test_pages_of_records(site: Pages, tmp_path: Path) -> None:
    rows = [
        line(time=f"2026-11-23T03:{n // 60:02d}:{n % 60:02d}.000000Z", statement=f"S{n:03d}")
        for n in range(120)
    ]
    write_log(tmp_path / "audit.jsonl", rows)
    site.log_in("vic")
    seen: list[str] = []
    path = "/blocked"
    for _ in range(3):
        text = site.get(path).text
        seen += [row["statement"] for row in reversed(rows) if f">{row['statement']}<" in text]
        if ">Older<" not in text:
            break
        path = f"/blocked?from={text.split('from=')[1].split(chr(34))[0]}"
    assert seen == [row["statement"] for row in reversed(rows)]


def test_one_log_of_two_gateways_is_read_once(site: Pages) -> None:
    site.fleet.instances[1].last = site.fleet.instances[0].last
    assert list(logs_of(site.fleet).values()) == [site.fleet.instances]
    found = site.loop.run(look_up(site.fleet, Search()))
    assert [record["gateway"] for record in found.records] == [""]  # both have that name in it


def test_whose_record_it_is_in_a_log_of_two_gateways_its_name_tells(site: Pages) -> None:
    first, second = site.fleet.instances
    assert first.last is not None
    second.last = replace(first.last, health={**first.last.health, "instance": "gw2"})
    found = site.loop.run(look_up(site.fleet, Search()))
    assert [record["gateway"] for record in found.records] == ["gw-a"]


def test_a_gateway_without_a_log_is_named(site: Pages) -> None:
    site.log_in("vic")
    assert "Records of gw-b are not shown: it is down" in site.get("/blocked").text


def test_alerts_of_now(site: Pages, gateway: Gateway) -> None:
    site.log_in("vic")
    assert "gw-b</strong> does not answer" in site.get("/alerts").text
    gateway.reasons = ["server unreachable: <no>"]
    site.look()
    found = conditions(site.fleet)
    assert [(one["level"], one["instance"]) for one in found] == [("bad", "gw-a"), ("bad", "gw-b")]
    assert "takes no clients: server unreachable: &lt;no&gt;" in site.get("/alerts").text


def test_alerts_about_blocks_are_added_up() -> None:
    def alert(second: int, reason: str) -> dict[str, object]:
        return line(event="alert", time=f"2026-11-23T03:42:{second:02d}.0Z", reason=reason)

    rows = together(
        [
            alert(9, "3 statements blocked in 1.0 s"),
            alert(8, "1 statement blocked in 1.0 s"),
            alert(7, "600 statements a second, over the threshold of 500"),
            alert(6, "2 statements blocked in 1.0 s"),
        ]
    )
    assert [row["reason"] for row in rows] == [
        "6 statements blocked in this minute",
        "600 statements a second, over the threshold of 500",
    ]
