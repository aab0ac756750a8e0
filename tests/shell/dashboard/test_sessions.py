from __future__ import annotations

import re

from tests.shell.dashboard.pages import Gateway, Pages
from tests.unit.control.fake import session


def users(text: str) -> list[str]:
    return re.findall(r'<span class="who">([^<]*)</span>', text)


def test_sort_and_filter(site: Pages, gateway: Gateway) -> None:
    gateway.open = [
        session(1, db_user="b", queries=5),
        session(2, db_user="a", queries=9, state="busy"),
        session(3, db_user="<i>", queries=7, client_ip="192.168.0.1"),
    ]
    site.log_in("vic")
    assert users(site.get("/sessions").text) == ["a", "&lt;i&gt;", "b"]
    assert users(site.get("/sessions?sort=user").text) == ["&lt;i&gt;", "a", "b"]
    assert users(site.get("/sessions?sort=-user").text) == ["b", "a", "&lt;i&gt;"]
    assert users(site.get("/sessions?sort=no-such-column").text) == ["a", "&lt;i&gt;", "b"]
    assert users(site.get("/sessions?user=B").text) == ["b"]
    assert users(site.get("/sessions?source=192.").text) == ["&lt;i&gt;"]
    assert users(site.get("/sessions?state=busy").text) == ["a"]
    assert users(site.get("/sessions?instance=gw-b").text) == []
    assert "Sessions of gw-b are not shown: it is down" in site.get("/sessions").text
    part = site.get("/sessions?live=1", **{"hx-request": "true"}).text
    assert users(part) and "<html" not in part


def test_a_viewer_is_not_offered_the_end(site: Pages) -> None:
    site.log_in("vic")
    assert "/kill" not in site.get("/sessions").text
    site.log_in("olga")
    assert "/sessions/gw-a/01J-1/kill" in site.get("/sessions").text


def test_an_operator_ends_a_session(site: Pages, gateway: Gateway) -> None:
    site.log_in("olga")
    form = site.get("/sessions/gw-a/01J-2/kill").text
    assert "End this session?" in form and "report" in form
    assert gateway.acts == []  # asking does nothing
    token = site.csrf()
    answer = site.post("/sessions/gw-a/01J-2/kill", {"csrf": token})
    assert answer.status_code == 303 and answer.headers["location"].startswith("/sessions?done=01J-2")
    ((verb, session_id, author),) = gateway.acts
    assert (verb, session_id) == ("kill", "01J-2") and author.startswith("olga via ")
    act = site.acts()[-1]
    assert (act["event"], act["user"], act["role"], act["instance"], act["outcome"], act["detail"]) == (
        "session.kill",
        "olga",
        "operator",
        "gw-a",
        "done",
        "01J-2",
    )
    assert "was ended" in site.get(answer.headers["location"]).text
    again = site.post("/sessions/gw-a/01J-2/kill", {"csrf": token})
    assert again.status_code == 404 and "there is no session" in again.text
    assert site.acts()[-1]["outcome"] == "refused"
    assert "no such session any more" in site.get("/sessions/gw-a/01J-2/kill").text
    assert site.post("/sessions/gw-b/x/kill", {"csrf": token}).status_code == 502
    assert site.acts()[-1]["outcome"] == "failed"
    assert site.post("/sessions/gw-z/x/kill", {"csrf": token}).status_code == 404
