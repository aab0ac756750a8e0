"""Sessions of a user, and logins that fail: what the gate asks the worker's doors, and what it tells them."""

from __future__ import annotations

from dbgate.gate.doors import Doors
from dbgate.gate.limits import Limits

from .play import Play, brain, chain, context, err, ok, packet


class Book:
    """Doors that keep a book. most: sessions of one user."""

    def __init__(self, most: int = 1) -> None:
        self.most = most
        self.inside: list[str] = []
        self.failures = 0
        self.closed = False

    def enter(self, user: str) -> bool:
        if self.inside.count(user) >= self.most:
            return False
        self.inside.append(user)
        return True

    def left(self, user: str) -> None:
        self.inside.remove(user)

    def failed(self, ip: str, now: float) -> bool:
        assert ip == "10.0.0.9"
        self.failures += 1
        return self.failures == 2

    def shut(self, ip: str, now: float) -> bool:
        return self.closed


def a_book(most: int = 1) -> tuple[Book, Play]:
    book = Book(most)
    the_brain = brain(limits=Limits())
    doors: Doors = book
    the_brain.doors = doors
    return book, Play(the_brain)


def test_a_user_has_so_many_sessions_and_no_more() -> None:
    book, play = a_book()
    play.login()
    assert book.inside == ["app"]
    second = Play(play.brain)
    second.greet().answer()
    error = second.error()
    assert (error.errno, error.sqlstate) == (1203, "42000")
    assert error.message == b"dbgate: this user has too many connections"
    assert second.closed and (second.last.event, second.last.error_code) == ("connection.denied", 1203)
    other = Play(play.brain).login(b"root")
    assert sorted(book.inside) == ["app", "root"]
    play.take(play.gate.client_closed(1.0))
    other.take(other.gate.kill(1.0))
    assert book.inside == []
    Play(play.brain).login()


def test_a_login_that_ends_early_gives_its_place_back() -> None:
    book, play = a_book()
    play.greet().answer()
    assert book.inside == ["app"]
    play.take(play.gate.client_closed(1.0))
    assert book.inside == []


def test_logins_that_the_server_refuses_are_told() -> None:
    book, play = a_book(9)
    for number, errno in ((1, 1045), (1, 1044), (2, 1698)):
        it = Play(play.brain)
        it.greet().answer()
        it.server(packet(2, err(errno)))
        assert (book.failures, it.last.error_code) == (number, errno)
    assert it.last.reason == (
        "the server refused the login; there were too many from this address, which is turned away for a while"
    )
    assert book.inside == []


def test_a_change_of_user_changes_the_place() -> None:
    book, play = a_book()
    play.login()
    change = b"\x11root\x00\x00shop\x00\x2d\x00mysql_native_password\x00"
    play.client(packet(0, change))
    assert book.inside == ["app", "root"]
    play.server(packet(1, ok()))
    play.server(chain(context()))
    assert book.inside == ["root"]
    play.client(packet(0, change))  # as the same user again
    play.server(packet(1, ok()))
    play.server(chain(context()))
    assert book.inside == ["root"]
    back = b"\x11app\x00\x00shop\x00\x2d\x00mysql_native_password\x00"
    play.client(packet(0, back))
    assert book.inside == ["root", "app"]
    play.server(packet(1, err(1045)))
    play.server(chain(context()))
    assert (book.inside, book.failures) == (["root"], 1)
    book.enter("app")
    play.client(packet(0, back))
    assert play.error().errno == 1203 and not play.closed
    book.left("app")
    book.closed = True
    play.client(packet(0, back))
    assert play.error().errno == 1129 and not play.closed
    assert book.inside == ["root"]
    book.closed = False
    play.client(packet(0, back))
    play.take(play.gate.server_closed(2.0))
    assert book.inside == []


def test_nobody_logs_in_while_the_gateway_is_halted() -> None:
    the_brain = brain()
    the_brain.halt("no space")
    play = Play(the_brain)
    play.greet().answer()
    assert play.error().errno == 1227
    assert (play.last.event, play.last.rule) == ("connection.denied", "audit-failure")
