"""Shared numbers: what one process writes, another reads; the limit counts over all workers."""

from __future__ import annotations

import os

from dbgate.gateway.board import BEAT_MS, FAILED_MS, HALTED, REACHED_MS, REFUSED, SESSIONS, Board, Seats


def test_two_views_of_one_board() -> None:
    fd = Board.create()
    one, other = Board(fd), Board(os.dup(fd))
    one.set(3, SESSIONS, 7)
    one.add(200, SESSIONS, 2)
    one.set(3, REACHED_MS, 99)
    assert other.get(3, SESSIONS) == 7
    assert other.total(SESSIONS) == 9
    assert other.latest(REACHED_MS) == 99
    other.clear_row(3)
    assert one.total(SESSIONS) == 2
    assert one.get(3, REACHED_MS) == 99
    one.close()
    other.close()
    os.close(fd)


def test_rows_without_a_worker_are_not_looked_at() -> None:
    fd = Board.create()
    whole, two = Board(fd), Board(os.dup(fd), 2)
    for row in (0, 1, 2):
        whole.set(row, SESSIONS, row + 1)
    assert (whole.total(SESSIONS), two.total(SESSIONS)) == (6, 3)
    assert (whole.latest(SESSIONS), two.latest(SESSIONS)) == (3, 2)
    two.set(1, SESSIONS, 10)
    assert whole.total(SESSIONS) == 14
    whole.close()
    two.close()
    os.close(fd)


def test_the_limit_counts_over_all_workers() -> None:
    board = Board(Board.create())
    first, second = Seats(board, 0, 3), Seats(board, 1, 3)
    assert first.take()
    assert second.take()
    assert second.take()
    assert not first.take()
    assert not second.take()
    assert board.total(REFUSED) == 2
    second.leave()
    assert first.take()
    first.limit = 5
    assert first.take()
    assert board.total(SESSIONS) == first.taken == second.taken == 4
    board.close()


def test_what_is_known_of_the_server() -> None:
    board = Board(Board.create())
    seats = Seats(board, 4, 1)
    seats.reached(12.5)
    seats.failed(13.25)
    seats.alive(14.0)
    seats.halted(True)
    assert board.get(4, HALTED) == 1
    seats.halted(False)
    assert board.get(4, HALTED) == 0
    assert board.get(4, BEAT_MS) == 14_000
    board.clear_row(4)
    assert board.get(4, BEAT_MS) == 0
    assert board.latest(REACHED_MS) == 12_500
    assert board.latest(FAILED_MS) == 13_250
    board.close()
