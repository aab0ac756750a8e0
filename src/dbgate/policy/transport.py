"""What an access rule demands of the connection itself: TLS, and a certificate. Part of step 3."""

from __future__ import annotations

from dbgate.policy.compiled import CompiledEntry
from dbgate.policy.verdict import BLOCK, WOULD_BLOCK, Verdict


def transport(entry: CompiledEntry | None, tls: bool, subject: str) -> Verdict | None:
    """None where `entry` has nothing against a connection with (`tls`) or without TLS, whose client has shown a
    certificate of this subject (RFC 4514, "" = none). The reasons do not depend on the subject."""
    if entry is None:
        return None
    if entry.require_tls and not tls:
        return _against(entry, entry.require_tls_line, f"entry '{entry.name}' requires TLS")
    if entry.subject is not None and not (subject and entry.subject.find(subject)):
        why = f"entry '{entry.name}' requires a client certificate of another subject"
        return _against(entry, entry.subject_line, why)
    return None


def _against(entry: CompiledEntry, line: int, reason: str) -> Verdict:
    effect = BLOCK if entry.enforced else WOULD_BLOCK
    return Verdict(effect, "tls-required", line, reason, entry.mode, entry.name, 3)
