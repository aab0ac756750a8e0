"""From a policy file to something that can be put live: read, check, compile. No process state here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dbgate.errors import PolicyError, Problem
from dbgate.policy.compile import compile_policy
from dbgate.policy.compiled import CompiledPolicy
from dbgate.policy.load import parse_policy

MOST_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy that was checked and compiled, and the text it came from."""

    text: str
    filename: str
    policy: CompiledPolicy

    @property
    def version(self) -> str:
        return self.policy.version


def load_text(text: str, filename: str) -> Loaded:
    """PolicyError with every finding where the text is no policy."""
    return Loaded(text, filename, compile_policy(parse_policy(text, filename)))


def load_file(path: str) -> Loaded:
    """As load_text, of a file; one that cannot be read is a finding too."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise PolicyError(
                [Problem(path, 1, 1, "", f"larger than {MOST_BYTES >> 20} MiB: not a policy file")]
            )
        text = raw.decode("utf-8")
    except OSError as error:
        raise PolicyError([Problem(path, 1, 1, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PolicyError([Problem(path, line, 1, "", "not UTF-8 text")]) from None
    return load_text(text, path)
