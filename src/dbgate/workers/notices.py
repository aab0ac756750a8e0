"""Where alerts go: the gateway's own log, the audit log, and the webhook that the live policy names."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from dbgate.config.settings import Settings
from dbgate.sinks.webhook import Webhook, read_key
from dbgate.workers.journal import Journal
from dbgate.workers.policies import Policies

LOG: Final = logging.getLogger("dbgate.workers")

_CLOSE_SECONDS: Final = 2.0  # for the last alerts, at the end


class Notices:
    """ConfigError where the webhook's key cannot be read."""

    def __init__(self, settings: Settings, instance: str, journal: Journal, policies: Policies) -> None:
        self.webhook = Webhook(instance, read_key(settings.webhook_key_file))
        self._journal = journal
        self._policies = policies
        self._refusals: tuple[str, ...] = ()

    def tell(self, kind: str, line: str) -> None:
        """An alert of the policy. kind: as in alerts.py."""
        LOG.warning("alert: %s", line)
        self._journal.write("alert", line, self._policies.version)
        self.webhook.tell(kind, line, self._policies.version)

    def follow(self) -> None:
        """The policy was loaded, or refused; each refusal is told once. (Log and audit log have a line for it anyway.)"""
        live = self._policies.live
        self.webhook.aim(live.policy.alert_webhook if live else "")
        problems = self._policies.last_problems
        if problems and problems != self._refusals:
            line = f"the policy file was refused: {problems[0]}"
            self.webhook.tell(f"policy:{line}", line, self._policies.version)
        self._refusals = problems

    async def close(self) -> None:
        """Sends what waits."""
        await asyncio.to_thread(self.webhook.close, _CLOSE_SECONDS)
