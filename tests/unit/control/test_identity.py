from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from dbgate.control.identity import load_identity, problems
from dbgate.control.tokens import make
from dbgate.errors import ConfigError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """authority.pem; good.pem, good.key, both.pem; other.pem, other.key; locked.key (with a password); text; tokens, torn."""
    made = tmp_path_factory.mktemp("identity")
    authority = trustme.CA()
    good, other = authority.issue_cert("localhost"), authority.issue_cert("localhost")
    good.cert_chain_pems[0].write_to_path(made / "good.pem")
    good.private_key_pem.write_to_path(made / "good.key")
    good.private_key_and_cert_chain_pem.write_to_path(made / "both.pem")
    other.private_key_pem.write_to_path(made / "other.key")
    other.cert_chain_pems[0].write_to_path(made / "other.pem")
    authority.cert_pem.write_to_path(made / "authority.pem")
    secret = load_pem_private_key(good.private_key_pem.bytes(), None)
    locked = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    (made / "locked.key").write_bytes(locked)
    (made / "text").write_text("no certificate")
    (made / "tokens").write_text(make("ada", "viewer")[1])
    (made / "torn").write_text("ada view")
    return made


def test_what_is_good(folder: Path) -> None:
    for names in (("good.pem", "good.key"), ("both.pem", "")):
        certificate, key = (str(folder / name) if name else "" for name in names)
        load_identity(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate, key)
        assert problems(certificate, key, str(folder / "tokens")) == []


def test_what_is_bad_leaves_the_context_as_it_was(folder: Path) -> None:
    """A certificate that was renewed a moment before its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_identity(context, str(folder / "good.pem"), str(folder / "good.key"))
    with pytest.raises(ConfigError):
        load_identity(context, str(folder / "other.pem"), str(folder / "good.key"))
    asks = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asks.wrap_bio(to_them, to_us, server_hostname="localhost")
    server = context.wrap_bio(to_us, to_them, server_side=True)
    for one in (client, server, client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            one.do_handshake()
    assert client.version() == server.version() == "TLSv1.3"


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        (
            "none",
            "",
            "control_tls_cert: FOLDER/none cannot be read: No such file or directory; name a PEM file",
        ),
        (
            "good.pem",
            "none",
            "control_tls_key: FOLDER/none cannot be read: No such file or directory; name a PEM file",
        ),
        ("", ".", "control_tls_key: FOLDER/. cannot be read: Is a directory; name a PEM file"),
        ("text", "", "control_tls_cert: FOLDER/text: expected a certificate and its key"),
        ("good.pem", "", "control_tls_cert: FOLDER/good.pem: expected a certificate and its key"),
        ("good.pem", "other.key", "FOLDER/good.pem and FOLDER/other.key: expected a certificate and its key"),
        ("good.pem", "locked.key", "the key has a password"),
    ],
)
def test_each_that_is_wrong_is_named_with_what_to_do(
    folder: Path, certificate: str, key: str, words: str
) -> None:
    names = [str(folder / name) if name else "" for name in (certificate or "good.pem", key)]
    names[1] = names[1] if key != "." else f"{folder}/."
    (found,) = problems(*names, str(folder / "tokens"))
    assert words.replace("FOLDER", str(folder)) in found
    assert "; name " in found
    with pytest.raises(ConfigError):
        load_identity(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), *names)


def test_all_of_them_at_once(folder: Path) -> None:
    found = problems(str(folder / "text"), "", str(folder / "torn"))
    assert len(found) == 2
    assert f"{folder}/torn:1: expected NAME" in found[1]
    assert "`dbgate-cli token NAME --tokens" in found[1]
