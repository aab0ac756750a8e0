from __future__ import annotations

from dbgate.dashboard.users import set_password
from tests.shell.dashboard.pages import HASHER, Pages


def test_in_and_out(site: Pages) -> None:
    answer = site.log_in("ada", onward="/sessions?user=a")
    assert answer.status_code == 303 and answer.headers["location"] == "/sessions?user=a"
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("dbgate_dashboard="))
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert site.get("/").status_code == 200
    kept = dict(site.browser.cookies)
    assert site.post("/logout", {"csrf": site.csrf()}).headers["location"] == "/login"
    site.browser.cookies.update(kept)  # a stolen cookie is worth nothing after the logout
    assert site.get("/").status_code == 303
    assert [(one["event"], one["user"], one["outcome"], one["client_ip"]) for one in site.acts()] == [
        ("dashboard.login", "ada", "done", "10.1.1.1"),
        ("dashboard.logout", "ada", "done", "10.1.1.1"),
    ]


def test_no_link_leads_elsewhere(site: Pages) -> None:
    for onward in ("//evil.example", "https://evil.example", "/\\evil", "", "x", "/a\nb"):
        assert site.log_in("ada", onward=onward).headers["location"] == "/"


def test_wrong_passwords_are_counted_and_written_down(site: Pages) -> None:
    for _ in range(5):
        answer = site.log_in("ada", "wrong password")
        assert answer.status_code == 401 and "Wrong name or password" in answer.text
    answer = site.log_in("ada")
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 200
    assert site.log_in("vic").status_code == 303
    assert [one["outcome"] for one in site.acts()] == ["failed"] * 5 + ["refused", "done"]
    assert "wrong password" not in site.actions.read_text()


def test_an_unknown_name_is_answered_alike(site: Pages) -> None:
    known, unknown = site.log_in("ada", "wrong password"), site.log_in("<script>", "wrong password")
    assert known.status_code == unknown.status_code == 401
    assert "<script>alert" not in unknown.text


def test_the_form_has_a_token_of_its_own(site: Pages) -> None:
    answer = site.post("/login", {"user": "ada", "password": "correct horse", "token": "0" * 64})
    assert answer.status_code == 403
    assert site.get("/").status_code == 303


def test_an_idle_login_ends(site: Pages) -> None:
    site.log_in("ada")
    (login,) = site.logins._open.values()
    login.seen -= 800
    seen = login.seen
    assert site.get("/newest?live=1").status_code == 200
    assert login.seen == seen  # the page's own question keeps nobody logged in
    assert site.get("/tester").status_code == 200
    assert login.seen > seen
    login.seen -= 1000
    assert site.get("/").status_code == 303


def test_who_is_taken_out_of_the_file_is_out(site: Pages) -> None:
    site.log_in("ada")
    site.users.write_text("users: {}\n")
    assert site.get("/").status_code == 303
    site.users.write_text("users: [")
    answer = site.log_in("ada")
    assert answer.status_code == 503 and "users file is not usable" in answer.text


def test_another_password_ends_the_logins_by_the_old_one(site: Pages) -> None:
    site.log_in("ada")
    set_password(str(site.users), "vic", "", "another horse", HASHER)
    assert site.get("/tester").status_code == 200  # hers is the same
    set_password(str(site.users), "ada", "", "another horse", HASHER)
    assert site.get("/tester").status_code == 303
    site.log_in("ada", "another horse")
    assert site.get("/tester").status_code == 200
