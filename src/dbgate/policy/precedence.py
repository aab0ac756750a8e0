"""Which access rule comes first: the first in the file that matches user and source is the only one that is used."""

from __future__ import annotations

from typing import final

from dbgate.policy.globs import GlobIndex, is_glob
from dbgate.policy.model import Entry
from dbgate.policy.source import Network


@final
class Precedence:
    """entries: the file's access rules, in its order; a rule is called by its number."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._exact: dict[str, list[int]] = {}
        self._globs: list[tuple[str, int]] = []
        for number, entry in enumerate(entries):
            for user in entry.user:
                if is_glob(user):
                    self._globs.append((user, number))
                else:
                    self._exact.setdefault(user, []).append(number)
        self._index = GlobIndex([glob for glob, _ in self._globs])

    def takers(self, number: int, user: str) -> set[int]:
        """The earlier rules that between them match `user`, a name or glob of rule `number`, from all sources of that
        rule; empty where something is left for it."""
        taken: set[int] = set()
        candidates = sorted(n for n in self._naming(user) if n < number)
        sources = self._entries[number].source_ip
        for source in sources if sources else [None]:
            taker = next((n for n in candidates if _accepts(self._entries[n], source)), None)
            if taker is None:
                return set()
            taken.add(taker)
        return taken

    def exceptions(self, number: int, user: str) -> list[tuple[str, int]]:
        """Of a glob of rule `number`: the users whom earlier rules name exactly, each with the first such rule. They may
        be decided there, from the sources of that rule."""
        if not is_glob(user):
            return []
        index = GlobIndex([user])
        return [
            (name, numbers[0])
            for name, numbers in self._exact.items()
            if numbers[0] < number and index.find(name)
        ]

    def _naming(self, user: str) -> list[int]:
        """Rules of which some user pattern holds every name that `user`, a name or a glob, stands for."""
        found = list(self._exact.get(user, []))
        if not is_glob(user):
            return found + [self._globs[i][1] for i in self._index.find(user)]
        start = user.replace("?", "*").partition("*")[0]
        for i in self._index.find(start):
            glob, number = self._globs[i]
            if glob == glob.rstrip("*") + "*" and not is_glob(glob.rstrip("*")):
                found.append(number)
        return found + [number for glob, number in self._globs if glob == user]


def _accepts(entry: Entry, source: Network | None) -> bool:
    if entry.source_ip is None:
        return True
    return source is not None and any(network.covers(source) for network in entry.source_ip)
