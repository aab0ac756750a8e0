"""Policies by what people call them: the number of a version, `live`, or a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from dbgate.cli.options import Exit, fail
from dbgate.cli.policy_file import read_bytes, reader
from dbgate.errors import PolicyError
from dbgate.policy.load import PolicyFile, ReadFile, kept_shapes, parse_policy

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient
    from dbgate.policy.compiled import CompiledPolicy

LIVE = "live"


@dataclass(frozen=True, slots=True)
class Named:
    """A policy and what to call it."""

    name: str
    text: str
    file: PolicyFile


def read_policy(client: ControlClient, name: str) -> Named:
    """name: the number of a version of the running gateway, `live`, or a path. Ends the command where it cannot be had."""
    if name == LIVE:
        number = client.policy_versions()["live"]
        if not number:
            fail(Exit.NO, "the running gateway has no policy", "`dbgate-cli policy versions` says why")
        return _version(client, number)
    if re.fullmatch(r"[0-9]{1,9}", name):
        return _version(client, int(name))
    content = read_bytes(name)
    file = _parse(content, name, reader(name))
    return Named(name, content.decode("utf-8-sig"), file)


def _version(client: ControlClient, number: int) -> Named:
    found = client.policy_version(number)
    read = kept_shapes(found.get("shapes"))
    name = f"version {number}"
    return Named(name, found["text"], _parse(found["text"], name, read))


def _parse(text: str | bytes, name: str, read: ReadFile) -> PolicyFile:
    try:
        return parse_policy(text, name, read)
    except PolicyError as error:
        refuse(name, error)


def compiled(named: Named) -> CompiledPolicy:
    """Ready to decide by. Ends the command where its parts contradict each other."""
    from dbgate.policy.compile import compile_policy

    try:
        return compile_policy(named.file)
    except PolicyError as error:
        refuse(named.name, error)


def refuse(name: str, error: PolicyError) -> NoReturn:
    """Ends the command: what `name` stands for is no policy."""
    problems = "".join(f"\n  {problem}" for problem in error.problems)
    fail(Exit.NO, f"{name} is not a valid policy:{problems}", "correct it; the gateway would refuse it, too")
