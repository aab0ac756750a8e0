"""The dashboard in a window as wide as a phone."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import Visitors
from tests.browser.looks import accessible, fits
from tests.servers.gateway import Gateway

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: ./run test browser")

from playwright.sync_api import expect


@pytest.mark.parametrize("path", ["/blocked", "/audit", "/sessions"])
def test_filters_are_folded(visit: Visitors, gateways: tuple[Gateway, Gateway], path: str) -> None:
    window = visit("vic", width=390)
    page = window.page
    with gateways[0].connect():
        window.go(path)
        expect(page.locator("tbody tr").first).to_be_in_viewport()
        form = page.get_by_role("search")
        expect(form).to_be_hidden()
        fold = page.locator("summary")
        expect(fold).to_have_text("Filters")
        fold.click()
        expect(form).to_be_visible()
        accessible(page)
        form.get_by_label("User").fill("<b>nobody")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("user=%3Cb%3Enobody"))
        expect(form).to_be_hidden()
        expect(fold).to_have_text("Filters: user <b>nobody")
        accessible(page)
        fits(page, 390)


def test_filters_of_a_wide_window_are_there(visit: Visitors) -> None:
    window = visit("vic")
    for path in ("/blocked", "/sessions"):
        window.go(path)
        expect(window.page.get_by_role("search")).to_be_visible()
        expect(window.page.locator("summary")).to_be_hidden()
