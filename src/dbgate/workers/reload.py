"""From a policy file to something that can be put live: read, check, compile. No process state here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from dbgate.errors import PolicyError, Problem
from dbgate.policy.compile import build_policy
from dbgate.policy.compiled import CompiledPolicy
from dbgate.policy.load import ReadFile, kept_shapes, parse_policy
from dbgate.policy.planning import plan_policy
from dbgate.policy.resting import Rest, no_rest

MOST_BYTES: Final = 64 << 20
_PIECE: Final = 1 << 18
NO_CATALOG_USER: Final = (
    "the policy grants rights by columns, and no catalog_user is set: nobody can tell which columns a table has, so what is"
    " granted by columns only is refused (column-denied); set catalog_user, which docs/configuration.md describes"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy that was checked and compiled, and the text it came from. plan: what workers make the same policy of;
    shapes: the text of the learned shapes that it names, None where there are none (yet)."""

    text: str
    filename: str
    policy: CompiledPolicy
    plan: bytes
    shapes: str | None = None

    @property
    def version(self) -> str:
        return self.policy.version


def load_text(text: str, filename: str, shapes: str | None = None, rest: Rest = no_rest) -> Loaded:
    """PolicyError with every finding where the text is no policy. shapes: the text of the file that
    `sql_rules.shapes` names, None where it is not there; rest: see policy.resting."""
    return _load(text, filename, kept_shapes(shapes), rest)


def _load(text: str, filename: str, read_file: ReadFile, rest: Rest) -> Loaded:
    file = parse_policy(text, filename, read_file, rest)
    plan = plan_policy(file, rest)
    return Loaded(text, filename, build_policy(plan, rest), plan, file.shapes_text)


def _read_most(file: BinaryIO) -> bytes:
    """All of it, or somewhat more than MOST_BYTES. In pieces: one read of so much reserves so much, however small the
    file is."""
    return b"".join(islice(iter(partial(file.read, _PIECE), b""), MOST_BYTES // _PIECE + 1))


def _read_beside(path: str, name: str) -> bytes:
    """The content of a file that the policy at `path` names."""
    with (Path(path).parent / name).open("rb") as file:
        return _read_most(file)  # far more than is taken


def load_file(path: str, rest: Rest = no_rest) -> Loaded:
    """As load_text, of a file; one that cannot be read is a finding too."""
    try:
        with Path(path).open("rb") as file:
            raw = _read_most(file)
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
    return _load(text, path, partial(_read_beside, path), rest)
