"""Contexts from files: what is demanded in each mode, and what is said of a file that is wrong."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from dbgate.config.settings import Settings, load
from dbgate.errors import ConfigError
from dbgate.gateway.certificates import expiries, expiry_warnings, load_contexts, read_files, subject_of
from tests.servers.tls import Certificates


@pytest.fixture(scope="module")
def certificates() -> Iterator[Certificates]:
    made = Certificates()
    yield made
    made.remove()


def settings(**values: object) -> Settings:
    return load({name: str(value) for name, value in values.items()}, {})


def test_nothing_is_loaded_where_nothing_is_set() -> None:
    contexts = load_contexts(settings(upstream="db.internal:3306"))
    assert (contexts.client, contexts.server, contexts.server_name) == (None, None, "db.internal")


def test_the_clients_leg(certificates: Certificates) -> None:
    path = certificates.issue("a.pem", "127.0.0.1")
    context = load_contexts(settings(tls_cert=path)).client
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_NONE
    assert context.options & ssl.OP_NO_RENEGOTIATION and context.options & ssl.OP_NO_TICKET
    context = load_contexts(settings(tls_cert=path, tls_key=path, tls_client_ca=certificates.ca)).client
    assert context is not None and context.verify_mode == ssl.CERT_OPTIONAL


@pytest.mark.parametrize(
    ("mode", "verify", "host"),
    [
        ("prefer", ssl.CERT_NONE, False),
        ("require", ssl.CERT_NONE, False),
        ("verify-ca", ssl.CERT_REQUIRED, False),
        ("verify-full", ssl.CERT_REQUIRED, True),
    ],
)
def test_the_servers_leg(certificates: Certificates, mode: str, verify: ssl.VerifyMode, host: bool) -> None:
    own = certificates.issue("own.pem", common_name="dbgate")
    for more in ({}, {"upstream_tls_cert": own}, {"upstream_tls_cert": own, "upstream_tls_key": own}):
        context = load_contexts(settings(upstream_tls_mode=mode, **more)).server
        assert context is not None
        assert (context.verify_mode, context.check_hostname) == (verify, host)
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_files_that_are_wrong(certificates: Certificates, tmp_path: Path) -> None:
    good = certificates.issue("good.pem", "127.0.0.1")
    text = tmp_path / "text.pem"
    text.write_text("nonsense")
    locked = tmp_path / "locked.pem"
    key = serialization.load_pem_private_key(good.read_bytes(), None)
    locked.write_bytes(
        certificates.ca.read_bytes()
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    other = certificates.issue("other.pem", "127.0.0.1")
    for values, said in (
        ({"tls_cert": tmp_path / "none.pem"}, "tls_cert: .*none.pem cannot be read: No such file"),
        ({"tls_cert": good, "tls_key": tmp_path / "none.pem"}, "tls_key: .*cannot be read"),
        ({"tls_cert": text}, "tls_cert: .*expected a certificate and its key"),
        ({"tls_cert": certificates.ca}, "tls_cert: .*expected a certificate and its key"),
        ({"tls_cert": locked}, "tls_cert: .*without a password"),
        ({"tls_cert": good, "tls_key": other}, "tls_cert: .*other.pem.*mismatch"),
        ({"tls_cert": good, "tls_client_ca": text}, "tls_client_ca: .*expected certificates in PEM form"),
        (
            {"upstream_tls_mode": "verify-ca", "upstream_tls_ca": text},
            "upstream_tls_ca: .*expected certificates",
        ),
        ({"upstream_tls_mode": "require", "upstream_tls_cert": text}, "upstream_tls_cert: .*expected a cert"),
    ):
        with pytest.raises(ConfigError, match=said):
            load_contexts(settings(**values))


def test_contexts_of_what_was_read_before(certificates: Certificates) -> None:
    """Files that are bad or gone by then change nothing."""
    both = certificates.issue("both.pem", "127.0.0.1")
    ca = certificates.folder / "clients.pem"
    ca.write_bytes(certificates.ca.read_bytes())
    made = settings(
        tls_cert=both, tls_key=both, tls_client_ca=ca, upstream_tls_mode="verify-ca", upstream_tls_ca=ca
    )
    files = read_files(made)
    assert sorted(files) == ["tls_cert", "tls_client_ca", "tls_key", "upstream_tls_ca"]
    both.write_text("nonsense")
    ca.unlink()
    contexts = load_contexts(made, files)
    assert contexts.client is not None and contexts.server is not None
    assert len(contexts.client.get_ca_certs()) == 1
    with pytest.raises(ConfigError, match=r"tls_client_ca: .*cannot be read: No such file"):
        load_contexts(made)
    files["tls_client_ca"] = b""
    with pytest.raises(ConfigError, match=r"tls_client_ca: .*expected certificates"):
        load_contexts(made, files)
    files["tls_cert"] = b""
    with pytest.raises(ConfigError, match=r"tls_cert: .*expected a certificate and its key"):
        load_contexts(made, files)


def test_subjects(certificates: Certificates) -> None:
    pem = certificates.issue("app.pem", common_name="app")
    certificate = x509.load_pem_x509_certificate(pem.read_bytes())
    subject = subject_of(certificate.public_bytes(serialization.Encoding.DER))
    assert subject.startswith("CN=app,OU=")
    tricky = certificates.issue("tricky.pem", common_name="app,O=x")
    certificate = x509.load_pem_x509_certificate(tricky.read_bytes())
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "app,O=x"
    subject = subject_of(certificate.public_bytes(serialization.Encoding.DER))
    assert subject.startswith("CN=app\\,O=x,")
    assert subject_of(None) == subject_of(b"") == subject_of(b"nonsense") == ""


def test_when_certificates_expire(certificates: Certificates) -> None:
    until = datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.UTC)
    path = certificates.issue("expires.pem", "127.0.0.1", not_after=until)
    files = read_files(settings(tls_cert=path, tls_client_ca=certificates.ca))
    assert expiries(files) == {"tls_cert": until.timestamp()}
    assert expiries({"upstream_tls_cert": files["tls_cert"]}) == {"upstream_tls_cert": until.timestamp()}
    assert expiries({}) == {}
    assert expiries({"tls_cert": b"nonsense"}) == {}
    at = until.timestamp()
    assert expiry_warnings(files, at - 15 * 86_400) == []
    line = "tls_cert: the certificate, or one of its chain, {} on 2031-05-06 07:08 UTC"
    assert expiry_warnings(files, at - 13 * 86_400) == [line.format("expires")]
    assert expiry_warnings(files, at) == [line.format("has expired")]
