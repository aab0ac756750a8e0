"""The dashboard as people use it, in Chromium."""

from __future__ import annotations

import re

import pymysql
import pytest

from tests.browser.conftest import LONG_NAME, POLICY, Dashboard, Visitor, Visitors
from tests.browser.looks import accessible, fits
from tests.servers.gateway import Gateway
from tests.shell.dashboard.pages import HASHER, PASSWORD, set_password

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: ./run test browser")

from playwright.sync_api import expect

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


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_each_page_fits_and_is_accessible(
    visit: Visitors, gateways: tuple[Gateway, Gateway], width: int, theme: str
) -> None:
    window = visit("", width, theme)
    window.go("/login")
    accessible(window.page)
    window.log_in("ada")
    with gateways[0].connect(), gateways[1].connect(user=LONG_NAME):
        for path, heading in PAGES.items():
            assert window.go(path) == 200
            here = window.page.get_by_role("navigation", name="Pages").locator("[aria-current]")
            expect(here).to_be_in_viewport(ratio=0.9)
            expect(window.page.get_by_role("heading", name=heading).first).to_be_visible()
            if path == "/":
                expect(window.page.locator("[data-chart=qps] canvas")).to_be_visible()
                expect(window.page.get_by_text("TRUNCATE").first).to_be_visible()
            if path == "/sessions":
                expect(window.page.locator("a.danger").first).to_be_visible()
                expect(window.page.get_by_text(LONG_NAME)).to_be_visible()
            accessible(window.page)
            fits(window.page, width)
    window.go(f"/blocked?user={LONG_NAME}&text=and_so_on")
    expect(window.page.locator("td.what")).to_have_count(1)
    fits(window.page, width)
    window.page.locator("td.what a").click()
    expect(window.page.get_by_role("heading", name="What the present policy says")).to_be_visible()
    accessible(window.page)
    fits(window.page, width)


def as_the_browser_says(window: Visitor, *statuses: str) -> None:
    """A refusal is an error to the browser, and one that the test is about."""
    assert all(any(status in error for status in statuses) for error in window.errors), window.errors
    window.errors.clear()


def test_log_in_and_out(visit: Visitors) -> None:
    window = visit()
    window.go("/sessions?user=x")
    window.page.get_by_label("Name").fill("olga")
    window.page.get_by_label("Password").fill("not this one")
    window.page.keyboard.press("Enter")
    expect(window.page.get_by_role("alert")).to_contain_text("Wrong name or password")
    accessible(window.page)
    as_the_browser_says(window, "401")
    window.page.get_by_label("Name").fill("olga")
    window.page.get_by_label("Password").fill(PASSWORD)
    with window.page.expect_response("**/live"):  # a stream that is refused is another matter
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
    expect(sessions).to_have_text("0")  # those of the tests before are over
    points = int(chart.get_attribute("data-points") or 0)
    with gateways[0].connect() as one, gateways[1].connect() as two:
        expect(sessions).to_have_text("2")
        with one.cursor() as cursor, pytest.raises(pymysql.Error):
            cursor.execute("DELETE FROM test.seen_live")
        expect(window.page.locator("#newest")).to_contain_text("seen_live")
        assert two.open
    expect(sessions).to_have_text("0")
    expect(chart).not_to_have_attribute("data-points", str(points))
    expect(chart).to_have_attribute("aria-label", re.compile(r"now: first [\d.,]+, second [\d.,]+$"))


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
    accessible(window.page)
    as_the_browser_says(window, "403")


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
        shown = own.url + "/policy?instance=third"
        beside = window.context.new_page()
        beside.goto(shown)
        expect(beside.get_by_role("alert").filter(has_text="third is down")).to_be_visible()
        accessible(beside)
        beside.goto(own.url + "/alerts")
        expect(beside.locator(".conditions")).to_contain_text("third does not answer")
        beside.goto(own.url + "/sessions")
        expect(beside.locator("#sessions")).to_contain_text("Sessions of third are not shown: it is down")
        beside.close()
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


def test_records_of_a_gateway_elsewhere(visit: Visitors, gateways: tuple[Gateway, Gateway]) -> None:
    """Nothing here reads its log: it is asked over HTTPS."""
    second = gateways[1]
    window = visit("vic")
    with second.connect() as connection, connection.cursor() as cursor, pytest.raises(pymysql.Error):
        cursor.execute("DELETE FROM test.`far <b>away</b>`")
    expect(window.page.locator("#newest")).to_contain_text("far <b>away</b>")
    window.go("/blocked")
    window.page.get_by_label("Gateway").select_option("second")
    window.page.get_by_label("Text").fill("FAR <b>")
    window.page.get_by_role("button", name="Search").click()
    expect(window.page.locator("td.what")).to_have_count(1)
    window.page.locator("td.what a").click()
    expect(window.page.locator(".statement")).to_contain_text("far <b>away</b>")
    expect(window.page.get_by_text("Judged by second itself")).to_be_visible()
    window.go("/audit?event=connection&instance=second")
    expect(window.page.locator("td.what").first).to_be_visible()
    expect(window.page.locator(".notice")).to_have_count(1)  # the one that is hidden while all is well
    window.go("/blocked?user=nobody")
    expect(window.page.get_by_text("No record fits.")).to_be_visible()


def test_sessions_are_sorted_and_filtered(visit: Visitors, gateways: tuple[Gateway, Gateway]) -> None:
    window = visit("vic")
    first, second = gateways
    with first.connect() as busy, second.connect(user=LONG_NAME), busy.cursor() as cursor:
        for _ in range(3):
            cursor.execute("SELECT 1")
        window.go("/sessions")
        users = window.page.locator("td[data-label=User]")
        expect(users).to_have_count(2)
        for name, direction, order in (
            ("User", "ascending", [LONG_NAME, "app"]),
            ("User", "descending", ["app", LONG_NAME]),
            ("Statements", "descending", ["app", LONG_NAME]),
            ("Statements", "ascending", [LONG_NAME, "app"]),
            ("Open for", "descending", ["app", LONG_NAME]),
            ("Open for", "ascending", [LONG_NAME, "app"]),
        ):
            window.page.get_by_role("columnheader", name=name).get_by_role("link").click()
            head = window.page.get_by_role("columnheader", name=name)
            expect(head).to_have_attribute("aria-sort", direction)
            expect(users).to_have_text(order)
        window.page.get_by_label("User").fill("finance")
        window.page.get_by_role("button", name="Filter").click()
        expect(users).to_have_text([LONG_NAME])
        window.page.get_by_label("Gateway").select_option("first")
        window.page.get_by_role("button", name="Filter").click()
        expect(window.page.get_by_text("No session fits.")).to_be_visible()


def test_keyboard_alone_is_enough(visit: Visitors, gateways: tuple[Gateway, Gateway]) -> None:
    window = visit("olga")
    press, typed = window.page.keyboard.press, window.page.keyboard.type
    window.go("/tester")
    window.page.get_by_label("Statement").focus()
    typed("TRUNCATE test.orders")
    press("Tab")
    typed("app")
    press("Enter")
    expect(window.page.locator("#answer")).to_contain_text("blocked-operation")
    connection = gateways[0].connect()
    try:
        window.go("/sessions?instance=first")
        end = window.page.locator("a.danger").first
        end.focus()
        press("Enter")
        dialog = window.page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="End the session")).to_be_focused()
        press("Tab")
        expect(dialog.get_by_role("link", name="Leave it")).to_be_focused()
        press("Enter")
        expect(dialog).to_be_hidden()
        expect(end).to_be_focused()  # where one was
        connection.ping(reconnect=False)
        press("Enter")
        expect(dialog.get_by_role("button", name="End the session")).to_be_focused()
        press("Enter")
        expect(window.page.get_by_role("status")).to_contain_text("was ended")
        with pytest.raises(pymysql.Error):
            connection.ping(reconnect=False)
    finally:
        connection._force_close()


def test_a_login_that_ended_does_nothing_more(visit: Visitors, gateways: tuple[Gateway, Gateway]) -> None:
    """Its cookie is not good any more: what the page asks for leads to the login, and from there back."""
    window = visit("olga")
    with gateways[0].connect() as connection:
        with window.page.expect_response("**/live"):  # a stream that is refused is another matter
            window.go("/sessions?instance=first")
        (cookie,) = window.context.cookies()
        window.context.add_cookies([{**cookie, "value": "nobody's"}])  # type: ignore[list-item]
        window.page.locator("a.danger").first.click()
        expect(window.page.get_by_label("Password")).to_be_visible()
        connection.ping(reconnect=False)
        window.go("/policy?instance=second")
        expect(window.page).to_have_url(re.compile("/login"))
        window.page.get_by_label("Name").fill("vic")
        window.page.get_by_label("Password").fill(PASSWORD)
        window.page.keyboard.press("Enter")
        expect(window.page).to_have_url(re.compile(r"/policy\?instance=second$"))
    as_the_browser_says(window, "401")
