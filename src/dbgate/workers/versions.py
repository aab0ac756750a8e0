"""The life of the policy: which version is in force, who had it loaded, what was refused, and the way back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dbgate.control.messages import (
    PolicyDiff,
    PolicyText,
    PolicyVersion,
    PolicyVersions,
    RefusedLoad,
    RuleChange,
)
from dbgate.errors import PolicyError
from dbgate.policy.difference import compare, text_diff
from dbgate.policy.load import PolicyFile, kept_shapes, parse_policy
from dbgate.policy.yamltext import read_yaml
from dbgate.sinks.policy_store import SUFFIX, PolicyStore, Version, fingerprint, replace_file
from dbgate.workers.policies import Outcome
from dbgate.workers.reload import Loaded, load_text

LOG: Final = logging.getLogger("dbgate.workers")


class Refusal:
    """A load that changed nothing. at: Unix seconds; problems: one line each."""

    def __init__(self, at: float, author: str, problems: tuple[str, ...]) -> None:
        self.at = at
        self.author = author
        self.problems = problems


class CannotWrite(Exception):
    """The policy file cannot be written; nothing has changed."""


class History:
    """path: the policy file; folder: "" = beside it; keep: versions that are kept. live: the number of the version in
    force, 0 = none; refused: the latest load where it changed nothing, else None; loads, refusals: how many there were."""

    def __init__(self, path: str, folder: str, keep: int) -> None:
        self.path = path
        self.store = PolicyStore(folder or path + SUFFIX, keep)
        self.live = 0
        self.refused: Refusal | None = None
        self.loads = 0
        self.refusals = 0
        self.trouble = ""  # of the store, as it was told last

    async def loaded(self, live: Loaded, author: str, note: str = "") -> None:
        """`live` is in force everywhere. It is a new version unless the newest one has the same texts; with a note it
        is one anyhow. Never fails: a policy must not depend on its history."""
        self.loads += 1
        self.refused = None
        try:
            version = await asyncio.to_thread(self._keep, live, author, note)
        except Exception:
            LOG.exception("the policy's version could not be kept")
            return
        self.live = version.number
        if self.store.trouble != self.trouble:
            self.trouble = self.store.trouble
            if self.trouble:
                LOG.warning(
                    "versions of the policy are kept in memory only, until the gateway ends: %s; let the gateway's "
                    "user write there, or name another folder with policy_versions_folder",
                    self.trouble,
                )
            else:
                LOG.info("versions of the policy are kept in %s again", self.store.folder)

    def _keep(self, live: Loaded, author: str, note: str) -> Version:
        newest = self.store.newest()
        if not note and newest is not None and newest.sha256 == fingerprint(live.text, live.shapes):
            return newest
        return self.store.add(live.version, live.text, live.shapes, author, note, time.time())

    def not_loaded(self, problems: tuple[str, ...], author: str) -> None:
        """A load changed nothing."""
        self.refusals += 1
        self.refused = Refusal(time.time(), author, problems)

    def refusal(self) -> RefusedLoad | None:
        """The latest load where it changed nothing, as the control API and /health show it."""
        if self.refused is None:
            return None
        return {
            "time": rfc3339(self.refused.at),
            "author": self.refused.author,
            "problems": list(self.refused.problems),
        }

    def describe(self) -> PolicyVersions:
        """See control.api.Operator.policy_versions. May block."""
        return {
            "versions": [self.header(version) for version in self.store.all()],
            "live": self.live,
            "kept": self.store.keep,
            "refused": self.refusal(),
            "folder": self.store.folder,
            "trouble": self.store.trouble,
        }

    def header(self, version: Version) -> PolicyVersion:
        """A version without its text."""
        return {
            "number": version.number,
            "version": version.version,
            "sha256": version.sha256,
            "time": rfc3339(version.time),
            "author": version.author,
            "note": version.note,
            "live": version.number == self.live,
        }

    def text(self, number: int) -> PolicyText | None:
        """See control.api.Operator.policy_version. May block."""
        version = self.store.get(number)
        if version is None:
            return None
        return {**self.header(version), "text": version.text, "shapes": version.shapes}

    def diff(self, first: int, second: int) -> PolicyDiff | None:
        """See control.api.Operator.policy_diff. May block."""
        old, new = self.store.get(first), self.store.get(second)
        if old is None or new is None:
            return None
        changes: list[RuleChange]
        try:
            changes = [
                {
                    "what": change.what,
                    "rule": change.rule,
                    "line_from": change.line_from,
                    "line_to": change.line_to,
                    "details": change.details,
                }
                for change in compare(_parsed(old), _parsed(new))
            ]
        except PolicyError as error:  # of another release
            why = f"cannot be compared by rules: {error}"
            changes = [
                {"what": "changed", "rule": "the file", "line_from": 0, "line_to": 0, "details": [why]}
            ]
        names = f"version {first}", f"version {second}"
        return {
            "from_number": first,
            "to_number": second,
            "changes": changes,
            "text": text_diff(old.text, new.text, *names),
        }

    async def rollback(
        self, number: int, reload: Callable[[str], Awaitable[Outcome]]
    ) -> tuple[Version, Outcome] | None:
        """Writes the text of version `number` (and of its shapes) into the policy file and has it reloaded (with the
        note it is given); where that is refused, the files are as before. None where the version is not kept.
        CannotWrite; PolicyError where its text is no valid policy any more."""
        version = await asyncio.to_thread(self.store.get, number)
        if version is None:
            return None
        undo = await asyncio.to_thread(self._write, version)
        outcome = await reload(f"rollback to {number}")
        if not outcome.ok:
            await asyncio.to_thread(_put_back, undo)
        return version, outcome

    def _write(self, version: Version) -> Undo:
        """The files get the version's texts. Gives what they held before."""
        load_text(version.text, self.path, version.shapes)
        undo: Undo = []
        try:
            if version.shapes is not None:
                name = _shapes_name(version)
                shapes = str(Path(self.path).parent / name)
                content = version.shapes.encode()
                before = _held(shapes)
                if before != content:
                    undo.append((shapes, before))
                    replace_file(shapes, content)
            undo.append((self.path, _held(self.path)))
            replace_file(self.path, version.text.encode())
        except OSError as error:
            _put_back(undo)
            raise CannotWrite(f"{error.filename or self.path}: {error.strerror or error}") from None
        return undo


def rfc3339(wall: float) -> str:
    """Unix seconds as the control API writes times."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parsed(version: Version) -> PolicyFile:
    return parse_policy(version.text, f"version {version.number}", kept_shapes(version.shapes))


def _shapes_name(version: Version) -> str:
    """The file that the version's `sql_rules.shapes` names."""
    data = read_yaml(version.text, "").data
    rules = data.get("sql_rules") if isinstance(data, dict) else None
    shapes = rules.get("shapes") if isinstance(rules, dict) else None
    return str(shapes["file"]) if isinstance(shapes, dict) else ""


Undo = list[tuple[str, bytes | None]]  # path, and what it held before; None = there was no such file


def _held(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None


def _put_back(undo: Undo) -> None:
    for path, content in reversed(undo):
        try:
            if content is None:
                Path(path).unlink(missing_ok=True)
            else:
                replace_file(path, content)
        except OSError as error:
            LOG.error("%s could not be put back: %s", path, error.strerror or error)
