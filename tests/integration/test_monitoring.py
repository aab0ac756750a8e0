"""Metrics and the webhook of a real gateway."""

from __future__ import annotations

import hashlib
import hmac
import urllib.request
from pathlib import Path

import pymysql
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.test_policy_life import replace
from tests.servers.gateway import OPEN_POLICY, Gateway, eventually
from tests.servers.mariadb import MariaDB
from tests.shell.sinks.test_webhook import KEY, Receiver


def scrape(gateway: Gateway) -> dict[str, float]:
    """Samples by name and label values."""
    with urllib.request.urlopen(f"http://{gateway.host}:{gateway.admin_port}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    return {
        " ".join([sample.name, *(sample.labels[key] for key in sorted(sample.labels))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_and_alerts(mariadb: MariaDB, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(KEY)
    receiver = Receiver()
    try:
        policy = f"{OPEN_POLICY}alerts: {{on_block: true, webhook: '{receiver.url}'}}\n"
        with Gateway(mariadb, policy, instance="gw-hook", webhook_key_file=key, policy_watch="on") as gateway:
            with gateway.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                with pytest.raises(pymysql.Error):
                    cursor.execute("TRUNCATE test.secret_table")
                eventually(
                    lambda: scrape(gateway)["dbgate_queries_total block"] == 1, 20, "the block in the metrics"
                )
                found = scrape(gateway)
                assert found["dbgate_rule_hits_total block blocked-operation"] == 1
                assert found["dbgate_sessions"] == 1 and found["dbgate_upstream_up"] == 1
                assert found["dbgate_queries_total allow"] >= 1

                def another_block() -> (
                    bool
                ):  # one within the gateway's first second counts as what was there before
                    with pytest.raises(pymysql.Error):
                        cursor.execute("TRUNCATE test.secret_table")
                    return bool(receiver.got)

                eventually(another_block, 30, "an alert about a block")
            _, headers, body = receiver.wait(1)[0]
            assert body["kind"] == "blocks" and body["instance"] == "gw-hook"
            assert "secret_table" not in str(body)
            at, _, value = headers["x-dbgate-signature"].partition(",v1=")
            assert value == hmac.new(KEY, f"{at[2:]}.{headers['raw']}".encode(), hashlib.sha256).hexdigest()
            replace(gateway.policy, "nonsense: true\n")
            refused = eventually(lambda: [body for _, _, body in receiver.got if body["kind"] != "blocks"])
            assert refused[0]["kind"] == "policy" and "nonsense" in refused[0]["alert"]
            eventually(
                lambda: scrape(gateway)["dbgate_policy_refused"] == 1, 20, "the refusal in the metrics"
            )
            assert scrape(gateway)["dbgate_policy_loads_total live"] == 1
    finally:
        receiver.close()
