"""Who gets which page, and what every answer carries."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import httpx
import jinja2
import pytest

from dbgate.dashboard.app import table
from dbgate.dashboard.login_pages import LoginPages
from dbgate.dashboard.overview import Overview
from dbgate.dashboard.shield import CSP
from dbgate.dashboard.users import Role
from dbgate.dashboard.web import HERE, query, template_environment
from tests.rows import rows
from tests.shell.dashboard.pages import EVENT, Gateway, Pages, pages

LOOKS = ["/", "/blocked", "/audit", "/alerts", "/sessions", "/policy", "/tester", f"/record/{EVENT}"]
FILL = {"{event_id}": EVENT, "{number:int}": "1", "{instance}": "gw-a", "{session_id:path}": "01J-1"}


def routes(site: Pages) -> list[tuple[str, str, Role]]:
    """(method, path with values, role) of every page that needs a login."""
    found = []
    for path, methods, role, _ in table(Overview(site.site), LoginPages(site.site)):
        for name, value in FILL.items():
            path = path.replace(name, value)
        found += [(method, path, role) for method in methods]
    return found


def test_nobody_sees_anything_without_a_login(site: Pages, gateway: Gateway) -> None:
    for method, path, _ in routes(site):
        answer = site.get(path) if method == "GET" else site.post(path)
        assert answer.status_code in (303, 401), path
        assert answer.headers.get("location", "/login").startswith("/login"), path
        assert "payroll" not in answer.text
    assert site.get("/sessions", **{"hx-request": "true"}).headers["hx-redirect"] == "/login"
    assert site.get("/sessions?user=a").headers["location"] == "/login?next=%2Fsessions%3Fuser%3Da"
    assert gateway.acts == []


def test_a_head_request_does_nothing(site: Pages, gateway: Gateway) -> None:
    """It carries no token, and stands in for GET wherever a page takes that."""
    site.log_in("ada")
    gateway.acts.clear()
    for _, path, _ in routes(site):
        if path != "/live":
            site.loop.run(site.browser.head(path))
    assert gateway.acts == []


@pytest.mark.parametrize("user", ["vic", "olga", "ada"])
def test_each_role_gets_its_pages_and_no_others(site: Pages, gateway: Gateway, user: str) -> None:
    site.log_in(user)
    mine = site.site.users.find(user)
    assert mine is not None
    token = site.csrf()
    for method, path, role in routes(site):
        if path in ("/live", "/logout"):
            continue
        gateway.acts.clear()
        answer = site.get(path) if method == "GET" else site.post(path, {"csrf": token, "instance": "gw-a"})
        assert (answer.status_code == 403) is (mine.role < role), (method, path, answer.text[:300])
        if mine.role < role:
            assert gateway.acts == []
            assert site.acts()[-1]["outcome"] == "refused"


def test_an_act_without_the_token_is_refused(site: Pages, gateway: Gateway) -> None:
    site.log_in("ada")
    token = site.csrf()
    for method, path, _ in routes(site):
        if method == "POST":
            for fields in ({}, {"csrf": ""}, {"csrf": token[:-1]}, {"csrf": "é"}):
                answer = site.post(path, {**fields, "instance": "gw-a"})
                assert answer.status_code == 403 and "not valid any more" in answer.text, path
    assert gateway.acts == []
    assert site.post("/policy/reload", {"instance": "gw-a"}, **{"x-csrf-token": token}).status_code == 303
    assert gateway.acts != []


def test_another_sites_page_cannot_post(site: Pages, gateway: Gateway) -> None:
    site.log_in("ada")
    fields = {"csrf": site.csrf(), "instance": "gw-a"}
    for name, value in (("origin", "http://evil"), ("origin", "null"), ("sec-fetch-site", "cross-site")):
        assert site.post("/policy/reload", fields, **{name: value}).status_code == 403
    assert gateway.acts == []
    assert site.post("/policy/reload", fields, origin="http://dash").status_code == 303


def test_every_answer_has_the_strict_policy(site: Pages) -> None:
    assert "unsafe" not in CSP and "default-src 'none'" in CSP
    site.log_in("ada")
    for path in [*LOOKS, "/login", "/nowhere", "/static/dashboard.js", "/record/x"]:
        answer = site.get(path)
        assert answer.headers["content-security-policy"] == CSP
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        if "/static/" not in path:
            assert answer.headers["cache-control"] == "no-store"
            for inline in ("<script>", " style=", " onclick=", "javascript:", "<style"):
                assert inline not in answer.text


def test_every_page_is_there(site: Pages) -> None:
    site.log_in("vic")
    for path in LOOKS:
        answer = site.get(path)
        assert answer.status_code == 200, path
        assert "<h1" in answer.text and ("gw-b" in answer.text or path.startswith("/record"))


def test_other_methods_and_floods_are_refused(site: Pages) -> None:
    assert site.loop.run(site.browser.put("/policy")).status_code == 405
    assert site.loop.run(site.browser.post("/login", content=b"x" * (3 << 20))).status_code == 413
    assert site.get("/nowhere").status_code == 404
    assert site.get("/healthz").text == "ok\n"


def test_a_defect_is_no_traceback(site: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    site.log_in("vic")
    monkeypatch.setattr("dbgate.dashboard.overview.totals", None)
    with pytest.raises(TypeError):  # for the server's log; what the browser gets comes before
        site.get("/")
    transport = httpx.ASGITransport(app=site.dashboard.asgi, raise_app_exceptions=False)
    site.browser._transport = transport
    answer = site.get("/")
    assert answer.status_code == 500 and "failed to answer" in answer.text and "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == CSP


def test_secure_cookies(tmp_path: Path) -> None:
    with pages(tmp_path, {"gw": tmp_path / "x.sock"}, secure=True) as found:
        answer = found.log_in("ada")
        cookie = next(
            value for value in answer.headers.get_list("set-cookie") if value.startswith("__Host-dbgate=")
        )
        for word in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
            assert word in cookie
        assert "max-age" in found.get("/").headers["strict-transport-security"]


def test_templates_escape_and_know_all_their_names() -> None:
    environment = template_environment()
    assert environment.from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ nothing }}").render()
    assert "safe" not in "".join(path.read_text() for path in (HERE / "templates").iterdir())


def test_query_leaves_out_what_is_empty() -> None:
    assert query({"a": "1", "b": ""}, c="x y", a="2") == "?a=2&c=x+y"


@rows("folder", [HERE / "static" / "vendor", Path(__file__).parents[2] / "browser" / "vendor"])
def test_what_was_fetched_is_what_was_reviewed(folder: Path) -> None:
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    for one in listed:
        assert hashlib.sha256((folder / one["file"]).read_bytes()).hexdigest() == one["sha256"], one["file"]
        assert (folder / one["license_file"]).read_text()
    code = {path.name for path in folder.iterdir() if path.suffix in (".js", ".css")}
    assert code == {one["file"] for one in listed}
