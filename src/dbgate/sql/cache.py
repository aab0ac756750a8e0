"""The two-level statement cache: exact bytes, then literal-free digest, per context, bounded by bytes.

What a statement does depends on more than its bytes (lexer mode, character set, schema, and for verdicts who asks), so
each context has a `View` of its own and a session holds the view of the context it is in. Two generations make
eviction cheap: everything new goes into the young dict; when the young generation of all views holds half of the
budget, young becomes old and what was old is forgotten. A hit in the old generation moves the entry back, so what is
in use survives, and a hit in the young one costs a dict lookup and nothing else.

Forgetting is O(1) too: dropped dicts are taken apart a few entries at a time by later insertions, so neither a turn of
the generations nor `clear()` (a new policy epoch) stalls the loop. Keep what does not depend on the policy (analyses)
in a cache of its own: after an epoch change each statement is then decided anew, but not analysed anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar, final

V = TypeVar("V")

# Bytes that an entry costs besides its key's characters and what the caller says of its value: a bytes header (33),
# the dict slot at its usual load (about 100), rounded up.
ENTRY_OVERHEAD: Final = 140
VIEW_OVERHEAD: Final = 1024  # four dicts and the view itself
DISMANTLE_STEP: Final = 8  # entries of dropped dicts freed by each insertion
_DOOR: Final = 1 << 18  # places (a byte each) for the hashes of texts that came by


@final
class View(Generic[V]):
    """One context's part of a `Cache`.

    `exact` and `shaped` are the young generation of each level. They are public so that the hot path reads
    `view.exact.get(text)` with nothing around it; they are replaced when generations turn, so never keep a reference
    to the dict (or to its bound `get`) beyond one lookup. On None call `find_exact`, which looks further.
    """

    def __init__(self, cache: Cache[V], context: str) -> None:
        self._cache = cache
        self.context = context
        self.exact: dict[bytes, V] = {}
        self.shaped: dict[bytes, V] = {}
        self._old_exact: dict[bytes, V] = {}
        self._old_shaped: dict[bytes, V] = {}
        self.listed = False  # whether the cache knows that this view holds something

    def find_exact(self, text: bytes) -> V | None:
        """The value for exactly these bytes, or None (counted as a miss). Moves an old entry to the young generation."""
        value = self.exact.get(text)
        if value is not None:
            return value
        value = self._old_exact.get(text)
        if value is None:
            self._cache.exact_misses += 1
            return None
        self._cache.admit(self, self.exact, text, value)
        return value

    def find_shape(self, key: bytes) -> V | None:
        """The value for this digest key, or None; both are counted."""
        value = self.shaped.get(key)
        if value is None:
            value = self._old_shaped.get(key)
            if value is None:
                self._cache.shape_misses += 1
                return None
            self._cache.admit(self, self.shaped, key, value)
        self._cache.shape_hits += 1
        return value

    def put_exact(self, text: bytes, value: V) -> None:
        """Remember `value` for exactly these bytes."""
        self._cache.admit(self, self.exact, text, value)

    def put_alias(self, text: bytes, value: V) -> None:
        """As put_exact, for a value that is kept by its digest too: it is reckoned once, there."""
        self._cache.admit(self, self.exact, text, value, True)

    def put_shape(self, key: bytes, value: V) -> None:
        """Remember `value` for every text with this digest key."""
        self._cache.admit(self, self.shaped, key, value)

    def turn(self) -> bool:
        """Young becomes old; what was old goes to the cache's heap of dropped dicts. False: nothing is left."""
        self._cache.drop(self._old_exact)
        self._cache.drop(self._old_shaped)
        self._old_exact = self.exact
        self._old_shaped = self.shaped
        self.exact = {}
        self.shaped = {}
        return bool(self._old_exact) or bool(self._old_shaped)


@final
class Cache(Generic[V]):
    """limit: bytes that all views together may hold, keys and values as estimated; cost_of: estimated bytes of a
    value. An entry above limit / 64 is not kept, so that a few giant texts cannot push out everything else.

    Counters (never reset): exact_misses, shape_hits, shape_misses, turns. Exact hits are not counted here, to keep the
    hit free of bookkeeping: they are the number of statements minus `exact_misses`.
    """

    def __init__(self, limit: int, cost_of: Callable[[V], int]) -> None:
        if limit < 64 * VIEW_OVERHEAD:
            raise ValueError(f"a cache of {limit} bytes is too small to be of use")
        self.limit = limit
        self._cost_of = cost_of
        self.entry_limit = limit // 64
        self.exact_misses = 0
        self.shape_hits = 0
        self.shape_misses = 0
        self.turns = 0
        self._young_bytes = 0
        self._old_bytes = 0
        self._door = bytearray(_DOOR)  # 1 where a text with this hash has come by lately
        self._passed = 0
        self._views: dict[str, View[V]] = {}
        self._listed: list[View[V]] = []
        self._dropped: list[dict[bytes, V]] = []

    def view(self, context: str) -> View[V]:
        """The view of `context`, made where it does not exist. Ask again after a change of context; a view that a
        session holds stays usable for as long as it is held."""
        found = self._views.get(context)
        if found is None:
            found = View(self, context)
            self._views[context] = found
            # Charged like an entry: contexts are made by clients (schema names), so they must be bounded too.
            self._young_bytes += VIEW_OVERHEAD + len(context)
            if self._young_bytes * 2 > self.limit:
                self._turn()
                self._views[context] = found
        return found

    def came_before(self, text: bytes) -> bool:
        """Whether `text`, or one of the same hash, was asked about before, not too long ago. What can be found by its
        digest is kept byte for byte only from its second time on: texts with ever new literals would fill the exact
        level for nothing."""
        place = hash(text) & (_DOOR - 1)
        if self._door[place]:
            return True
        self._door[place] = 1
        self._passed += 1
        if self._passed > _DOOR // 2:
            self._passed = 0
            self._door = bytearray(_DOOR)
        return False

    def admit(self, view: View[V], into: dict[bytes, V], key: bytes, value: V, alias: bool = False) -> None:
        """Put an entry into one of `view`'s young dicts, turning the generations first where it would not fit."""
        self._dismantle()
        cost = len(key) + ENTRY_OVERHEAD
        if not alias:
            cost += self._cost_of(value)
        if cost > self.entry_limit:
            return
        if (self._young_bytes + cost) * 2 > self.limit:
            exact = into is view.exact
            self._turn()
            into = view.exact if exact else view.shaped
        if key not in into:
            self._young_bytes += cost
        into[key] = value
        if not view.listed:
            view.listed = True
            self._listed.append(view)

    def drop(self, dead: dict[bytes, V]) -> None:
        """Hand over a dict that nobody reads any more, to be freed little by little."""
        if dead:
            self._dropped.append(dead)

    def clear(self) -> None:
        """Forget every entry of every view, in O(views). Views stay usable."""
        for view in self._listed:
            view.turn()
            view.turn()
            view.listed = False
        self._listed = []
        self._views = {}
        self._young_bytes = 0
        self._old_bytes = 0

    @property
    def size(self) -> int:
        """Estimated bytes held (entries that wait to be freed not counted)."""
        return self._young_bytes + self._old_bytes

    def entries(self) -> int:
        """How many entries the young generation holds, both levels; O(views), for statistics."""
        count = 0
        for view in self._listed:
            count += len(view.exact) + len(view.shaped)
        return count

    def _turn(self) -> None:
        self.turns += 1
        kept: list[View[V]] = []
        views: dict[str, View[V]] = {}
        for view in self._listed:
            if view.turn():
                kept.append(view)
                if self._views.get(view.context) is view:
                    views[view.context] = view
            else:
                view.listed = False
        self._listed = kept
        self._views = views
        self._old_bytes = self._young_bytes
        self._young_bytes = 0

    def _dismantle(self) -> None:
        step = DISMANTLE_STEP
        while step > 0 and self._dropped:
            last = self._dropped[-1]
            last.popitem()
            step -= 1
            if not last:
                self._dropped.pop()
