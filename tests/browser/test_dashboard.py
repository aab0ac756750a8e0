"""The dashboard as people use it, in Chromium."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pymysql
import pytest

from tests.browser.conftest import POLICY, Dashboard, Visitors
from tests.servers.gateway import Gateway
from tests.shell.dashboard.pages import HASHER, PASSWORD, set_password

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: ./run test browser")

from playwright.sync_api import expect

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
PAGES = {
    "/": "Gateways",
    "/blocked": "Blocked statements",
    "/sessions": "Sessions",
    "/policy": "The file, and what its lines did",
    "/tester": "Tester",
    "/audit": "Audit log",
    "/alerts": "Alerts",
    "/policy/rollback/1?instance=first": "Go back to version 1?",
    "/policy/versions/1?instance=first": "Policy version 1",
}
LOOKS = [(1280, "light"), (390, "dark")]


def accessible(page: object) -> None:
    page.evaluate(AXE)  # type: ignore[attr-defined]
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")  # type: ignore[attr-defined]
    problems = [(one["id"], [node["html"][:150] for node in one["nodes"]][:3]) for one in found["violations"]]
    assert problems == [], json.dumps(problems, indent=1)


def fits(page: object, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # type: ignore[attr-defined]


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_each_page_fits_and_is_accessible(
    visit: Visitors, gateways: tuple[Gateway, Gateway], width: int, theme: str
) -> None:
    window = visit("", width, theme)
    window.go("/login")
    accessible(window.page)
    window.log_in("ada")
    with gateways[0].connect():
        for path, heading in PAGES.items():
            assert window.go(path) == 200
            expect(window.page.get_by_role("heading", name=heading).first).to_be_visible()
            if path == "/":
                expect(window.page.locator("[data-chart=qps] canvas")).to_be_visible()
                expect(window.page.get_by_text("TRUNCATE").first).to_be_visible()
            if path == "/sessions":
                expect(window.page.locator("a.danger").first).to_be_visible()
            accessible(window.page)
            fits(window.page, width)
    window.go("/blocked")
    window.page.locator("td.what a").first.click()
    expect(window.page.get_by_role("heading", name="What the present policy says")).to_be_visible()
    accessible(window.page)
    fits(window.page, width)


def test_log_in_and_out(visit: Visitors) -> None:
    window = visit()
    window.go("/sessions?user=x")
    window.page.get_by_label("Name").fill("olga")
    window.page.get_by_label("Password").fill(PASSWORD)
    window.page.keyboard.press("Enter")
    expect(window.page).to_have_url(re.compile(r"/sessions\?user=x$"))
    window.log_out()
    window.go("/")
    expect(window.page).to_have_url(re.compile("/login$"))


def test_numbers_come_by_themselves(visit: Visitors, gateways: tuple[Gateway, Gateway]) -> None:
    window = visit("vic")
    tile = window.page.locator(".tile", has_text="Would be blocked").or_(window.page.locator(".tile")).first
    expect(tile).to_be_visible()
    chart = window.page.locator("[data-chart=qps]")
    expect(chart).to_have_attribute("data-points", re.compile(r"\d+"))
    sessions = window.page.locator(".tile", has_text="Active sessions").locator("dd").first
    before = int(sessions.inner_text())
    points = int(chart.get_attribute("data-points") or 0)
    with gateways[0].connect() as one, gateways[1].connect() as two:
        expect(sessions).to_have_text(str(before + 2))
        with one.cursor() as cursor, pytest.raises(pymysql.Error):
            cursor.execute("DELETE FROM test.orders /* seen live */")
        expect(window.page.locator("#newest")).to_contain_text("require-where")
        assert two.open
    expect(sessions).to_have_text(str(before))
    expect(chart).not_to_have_attribute("data-points", str(points))


def test_an_operator_ends_a_session(
    visit: Visitors, gateways: tuple[Gateway, Gateway], dashboard: Dashboard
) -> None:
    window = visit("olga")
    connection = gateways[0].connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        window.go("/sessions?instance=first")
        window.page.locator("a.danger").first.click()
        dialog = window.page.get_by_role("dialog")
        expect(dialog.get_by_role("heading", name="End this session?")).to_be_visible()
        expect(dialog.get_by_role("button", name="End the session")).to_be_focused()
        accessible(window.page)
        window.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        connection.ping(reconnect=False)
        window.page.locator("a.danger").first.click()
        dialog.get_by_role("button", name="End the session").click()
        expect(window.page.get_by_role("status")).to_contain_text("was ended")
        with pytest.raises(pymysql.Error):
            connection.ping(reconnect=False)
    finally:
        connection._force_close()
    assert dashboard.acts()[-1]["event"] == "session.kill" and dashboard.acts()[-1]["user"] == "olga"
    (record,) = gateways[0].wait_records(1, event="session.kill")
    assert "olga via" in record["reason"]


def test_a_viewer_looks_only(visit: Visitors, gateways: tuple[Gateway, Gateway]) -> None:
    window = visit("vic")
    with gateways[0].connect():
        window.go("/sessions")
        expect(window.page.get_by_text("Records").first).to_be_visible()
        expect(window.page.locator("a.danger")).to_have_count(0)
    assert window.go("/policy/rollback/1?instance=first") == 403
    expect(window.page.get_by_role("alert").filter(has_text="needs admin")).to_be_visible()
    window.errors[:] = [
        error for error in window.errors if "403" not in error
    ]  # the browser reports the refusal itself


def test_the_tester(visit: Visitors) -> None:
    window = visit("vic")
    window.go("/tester")
    window.page.get_by_label("Statement").fill("TRUNCATE test.orders")
    window.page.get_by_label("Database user").fill("app")
    window.page.get_by_role("button", name="Explain").click()
    answer = window.page.locator("#answer")
    expect(answer).to_contain_text("Blocked")
    expect(answer).to_contain_text("blocked-operation")
    accessible(window.page)
    window.page.get_by_label("Statement").fill("SELECT '<img src=x onerror=alert(1)>'")
    window.page.get_by_role("button", name="Explain").click()
    expect(answer).to_contain_text("Allowed")


def test_an_administrator_goes_back(visit: Visitors, gateways: tuple[Gateway, Gateway]) -> None:
    window = visit("ada")
    second = gateways[1]
    second.policy.write_text(POLICY.replace("[TRUNCATE]", "[TRUNCATE, DROP]"))
    window.go("/policy?instance=second")
    window.page.get_by_role("button", name="Read the file again").click()
    expect(window.page.get_by_role("status")).to_contain_text("The policy file was read again")
    window.page.get_by_role("link", name="Go back to version 1", exact=True).click()
    expect(window.page.locator(".diff")).to_contain_text("DROP")
    window.page.get_by_role("button", name="Go back to version 1").click()
    expect(window.page.get_by_role("status")).to_contain_text("a copy of version 1")
    assert second.policy.read_text() == POLICY
    expect(window.page.locator(".source")).not_to_contain_text("DROP")


def test_a_page_that_nobody_looks_at_holds_no_connection(visit: Visitors) -> None:
    window = visit("vic")
    chart = window.page.locator("[data-chart=qps]")
    expect(chart).to_have_attribute("data-points", re.compile(r"\d+"))
    see = "value => { Object.defineProperty(document, 'visibilityState', {value, configurable: true});"
    see += " document.dispatchEvent(new Event('visibilitychange')); }"
    window.page.evaluate("window.before = true")
    window.page.evaluate(see, "hidden")
    expect(window.page.locator("#lost")).to_be_visible()  # nothing comes any more
    window.page.evaluate(see, "visible")
    expect(window.page.locator("#lost")).to_be_hidden()
    expect(chart).to_have_attribute("data-points", re.compile(r"\d+"))
    assert window.page.evaluate("window.before") is None  # it was loaded anew


def test_by_keyboard(visit: Visitors) -> None:
    window = visit("vic")
    window.go("/")
    window.page.keyboard.press("Tab")
    expect(window.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    window.page.keyboard.press("Enter")
    expect(window.page.locator("main")).to_be_focused()
    link = window.page.get_by_role("link", name="Blocked", exact=True)
    link.focus()
    window.page.keyboard.press("Enter")
    expect(window.page.get_by_role("heading", name="Blocked statements")).to_be_visible()


def test_the_theme_is_kept(visit: Visitors) -> None:
    window = visit("vic")
    switch = window.page.get_by_role("button", name="Theme")
    switch.click()
    switch.click()
    expect(switch).to_have_text("Theme: dark")
    window.go("/audit")
    expect(window.page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_login_that_ends_takes_the_page_away(visit: Visitors, dashboard: Dashboard) -> None:
    set_password(str(dashboard.users), "gone", "viewer", PASSWORD, HASHER)
    window = visit("gone")
    text = dashboard.users.read_text()
    window.expected = True
    dashboard.users.write_text(re.sub(r"(?m)^  gone:\n(?:    .*\n)+", "", text))
    expect(window.page.get_by_label("Password")).to_be_visible()  # the stream said so


def test_a_gateway_that_goes_down(
    visit: Visitors, gateways: tuple[Gateway, Gateway], dashboard: Dashboard
) -> None:
    server = gateways[0].server
    third = Gateway(server, POLICY, instance="third")
    third.start()
    own = Dashboard({"first": gateways[0].control, "third": third.control})
    try:
        window = visit("vic", url=own.url)
        row = window.page.get_by_role("row").filter(
            has=window.page.get_by_role("link", name="third", exact=True)
        )
        expect(row).to_contain_text("up")
        third.stop()
        expect(row).to_contain_text("down")
        expect(row).to_contain_text("these numbers are from then")
        expect(row).to_have_class("stale")
        expect(window.page.locator("#tiles")).to_contain_text("Sums over 1 of 2 gateways")
        expect(window.page.locator("#health-link")).to_have_text("1 of 2 gateways up")
        accessible(window.page)
        window.expected = True
        own.process.kill()
        expect(window.page.locator("#lost")).to_be_visible()
    finally:
        own.stop()
        third.stop()
        third.remove()
