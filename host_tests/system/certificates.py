"""Certificates for the tests of TLS, made anew for each run. (`cryptography` comes with esptool.)

authority = Authority(folder, "ca")
certificate = authority.sign("central", names=["localhost", "127.0.0.1"], days=(-1, 30))
certificate.cert, certificate.key     files, PEM
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificate(NamedTuple):
    cert: Path
    key: Path


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(name: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)


class Authority:
    """signed_by: another one that signs this one's certificate, None: itself."""

    def __init__(self, folder: Path, name: str, signed_by: "Authority | None" = None) -> None:
        self._folder = folder
        self._name = name
        self._count = 0
        self.key = ec.generate_private_key(ec.SECP256R1())
        signer = signed_by or self
        self.cert = signer._make(name, self.key, [], (-100, 100), True).cert

    def sign(
        self, name: str, names: "tuple[str, ...]" = (), days: "tuple[float, float]" = (-1, 30)
    ) -> Certificate:
        return self._make(name, ec.generate_private_key(ec.SECP256R1()), list(names), days, False)

    def _make(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        names: "list[str]",
        days: "tuple[float, float]",
        is_authority: bool,
    ) -> Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self._name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_alternative(one) for one in names]), critical=False
            )
        self._count += 1
        file = str(self._folder / ("%s-%d" % (name, self._count)))
        files = Certificate(Path(file + ".pem"), Path(file + ".key"))
        files.cert.write_bytes(
            builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        plain = serialization.NoEncryption()
        files.key.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )
        return files


def server_context(certificate: Certificate, clients_of: "Path | None" = None) -> ssl.SSLContext:
    """A server's side of TLS; clients_of: the authority whose certificate each client must show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    if clients_of is not None:
        context.load_verify_locations(clients_of)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
