"""Which certificate a station needs to trust its central system: of the public authorities the one
that vouches for the server, found by one connection from this computer; and whose a certificate is,
in a line."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tools.command import Failure

_PATIENCE_S = 10


def public_authorities() -> str:
    """Those that Mozilla trusts, as PEM."""
    import certifi

    return Path(certifi.where()).read_text(encoding="ascii")


def root_for(host: str, port: int, any_name: bool = False) -> bytes:
    """The PEM of the authority that vouches for a server. any_name: the certificate may be for
    another name. Raises Failure."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=public_authorities())
    context.check_hostname = not any_name
    advice = "Give the certificate of its authority: --ca FILE.pem."
    try:
        with socket.create_connection((host, port), _PATIENCE_S) as plain:
            with context.wrap_socket(plain, server_hostname=host) as secure:
                return _last_of_chain(secure)
    except ssl.SSLCertVerificationError as error:
        raise Failure(
            "no public authority vouches for %s (%s). %s" % (host, error.verify_message, advice)
        ) from None
    except OSError as error:
        raise Failure(
            "from here %s does not answer in TLS at port %d (%s), so its authority is not known. %s"
            % (host, port, error, advice)
        ) from None


def _last_of_chain(secure: Any) -> bytes:
    """Public from Python 3.13 on, and there since 3.10."""
    if hasattr(secure, "get_verified_chain"):
        last = secure.get_verified_chain()[-1]
    else:
        last = secure._sslobj.get_verified_chain()[-1].public_bytes(2)  # DER
    return ssl.DER_cert_to_PEM_cert(last).encode()


def described(pem: bytes) -> "list[str]":
    """A line for each certificate: whose it is, until when it is valid, and its fingerprint."""
    return [
        "%s, valid until %s, SHA-256 %s"
        % (
            one.subject.rfc4514_string() or "(no name)",
            one.not_valid_after_utc.date(),
            one.fingerprint(hashes.SHA256()).hex(":").upper(),
        )
        for one in x509.load_pem_x509_certificates(pem)
    ]
