"""Certificates for one test run: an authority of its own, a server's and a client's, as PEM files."""

from __future__ import annotations

import datetime
import shutil
import tempfile
from pathlib import Path

import trustme


class Certificates:
    """folder: where the files are; ca: the authority that signs all; stranger: one that nobody trusts."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-tls-"))
        self._authority = trustme.CA(organization_name="dbgate tests")
        self.ca = self.folder / "ca.pem"
        self._authority.cert_pem.write_to_path(self.ca)
        stranger = trustme.CA()
        self.stranger = self.folder / "stranger.pem"
        stranger.cert_pem.write_to_path(self.stranger)

    def issue(
        self,
        file: str,
        *names: str,
        common_name: str | None = None,
        not_after: datetime.datetime | None = None,
    ) -> Path:
        """A certificate for these host names or addresses, with its chain and its key in one file."""
        path = self.folder / file
        made = self._authority.issue_cert(*names, common_name=common_name, not_after=not_after)
        path.unlink(missing_ok=True)
        made.private_key_and_cert_chain_pem.write_to_path(path)
        return path

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
