"""One fault after another, and what came of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.chaos.clients import WORDS
from tests.chaos.faults import Fault
from tests.chaos.world import RECOVERY, World


@dataclass(frozen=True, slots=True)
class Outcome:
    """saw: what the clients saw from the fault's begin to the recovery; log: the gateway's own lines; recovered: seconds
    after its end until every client had done a whole transaction, -1 = never; missing: statements that were answered
    and have no record; lost: records of which the log says so; problems: what must not be."""

    fault: Fault
    saw: Counter[str]
    log: list[str]
    recovered: float
    missing: int
    lost: int
    problems: list[str]

    def lines(self) -> str:
        """As the terminal shows it."""
        clients = ", ".join(f"{count}× {words}" for words, count in self.saw.most_common())
        verdict = "FAIL" if self.problems else "pass"
        found = [f"{verdict}  {self.fault.name}: {self.fault.what}", f"      clients: {clients}"]
        found += [f"      log: {line}"[:230] for line in self.log[:6]]
        found.append(
            f"      recovered after {self.recovered:.2f} s; answered without a record: {self.missing}"
            + (f"; the log tells of {self.lost} lost" if self.lost else "")
        )
        found += [f"      PROBLEM: {text}" for text in self.problems[:6]]
        return "\n".join(found)


def suffer(world: World, fault: Fault, seconds: float) -> Outcome:
    """Play one fault in a world that is well."""
    before = world.answers()
    lost = world.lost()
    world.log_lines()
    with fault.play(world, seconds):
        time.sleep(seconds)
    ended = time.monotonic()
    recovered = world.wait(lambda: world.all_answered_since(ended), RECOVERY)
    saw = world.answers() - before
    missing = world.unrecorded()
    lost = world.lost() - lost
    problems = world.wrong() + world.problems
    world.problems = []
    for client in world.clients:
        client.wrong.clear()
    if recovered < 0:
        problems.append(f"not every client was served within {RECOVERY:.0f} s")
    if len(missing) > (lost if fault.loses else 0):
        problems.append(f"{len(missing)} statements were answered, and have no record: {list(missing)[:3]}")
    # what is refused for want of room for records may itself have none (docs/audit.md); a session that then hangs up, too
    unkept = saw["1227 rule audit-failure"] + saw["hung up to end a transaction"]
    if lost > unkept and not fault.loses:
        problems.append(f"{lost} records are lost, and {unkept} statements were refused")
    if doubled := world.doubled():
        problems.append(f"{len(doubled)} records are there more than once: {doubled[:3]}")
    left = world.database.sql("SELECT COUNT(*) FROM chaos.words").strip()
    if left != str(WORDS):
        problems.append(f"a forbidden statement has run: {left} words of {WORDS} are left")
    uneven = world.database.sql("SELECT owner FROM chaos.pairs GROUP BY owner HAVING SUM(value) <> 0").strip()
    if uneven:
        problems.append(f"half a transaction of {uneven.split()}")
    return Outcome(fault, saw, world.log_lines(), recovered, len(missing), lost, problems)


def play(faults: Iterable[Fault], seconds: float, tell: Callable[[str], None]) -> list[Outcome]:
    """All of them, in one world."""
    outcomes: list[Outcome] = []
    with World() as world:
        if world.wait(lambda: world.all_answered_since(0.0), RECOVERY) < 0:
            raise RuntimeError(
                f"the clients are not served: {world.answers()}\n{world.gateway.log_text()[-3000:]}"
            )
        for fault in faults:
            if why := fault.refused():
                tell(f"skip  {fault.name}: cannot be played here: {why}")
                continue
            outcome = suffer(world, fault, seconds)
            outcomes.append(outcome)
            tell(outcome.lines())
    return outcomes
