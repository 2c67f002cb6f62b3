"""SignedUpdateFirmware: the whole station, a central system, a file server, and a manufacturer that
signs with keys of each kind."""

from __future__ import annotations

import base64
import datetime
from contextlib import closing

import pytest
from certificates import Authority, server_context
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from file_server import FileServer
from firmware_image import setpoint_bin

from tools import update
from tools.station_process import RESET

FILE = update.of_image(setpoint_bin("esp32", "9.0.0", 40000)[1], "simulated", "9.0.0")
SHA256 = hashes.SHA256()
_VERIFIED = ["Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting"]


class Manufacturer:
    """Its root, and a certificate for the key that signs."""

    def __init__(self, key) -> None:
        self.key = key
        self._root_key = rsa.generate_private_key(65537, 3072)
        self.root = self._certificate("Maker", self._root_key, True)
        self.signer = self._certificate("Signer", key, False)

    def _certificate(self, name, key, authority) -> str:
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Maker")]),
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            key.public_key(),
            x509.random_serial_number(),
            now - datetime.timedelta(days=1),
            now + datetime.timedelta(days=90),
        ).add_extension(x509.BasicConstraints(authority, None), critical=True)
        signed = builder.sign(self._root_key, hashes.SHA384())
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def signature(self, data, scheme=None) -> str:
        if scheme is None:
            found = self.key.sign(data, ec.ECDSA(SHA256))
        else:
            found = self.key.sign(data, scheme, SHA256)
        return base64.b64encode(found).decode()


@pytest.fixture
def server():
    with closing(FileServer()) as server:
        server.files["/fw"] = FILE
        yield server


def install(central, kind, text) -> str:
    request = {"certificateType": kind, "certificate": text}
    return central.call("InstallCertificate", request, timeout=60)["status"]


def ask(central, url, maker, signature) -> str:
    firmware = {
        "location": url,
        "retrieveDateTime": "2025-01-01T00:00:00Z",
        "signingCertificate": maker.signer,
        "signature": signature,
    }
    request = {"requestId": 5, "firmware": firmware}
    return central.call("SignedUpdateFirmware", request, timeout=60)["status"]


def told(central) -> "list[str]":
    messages = central.seen("SignedFirmwareStatusNotification")
    assert all(message.payload["requestId"] == 5 for message in messages)
    return [message.payload["status"] for message in messages]


def wait_for(central, status) -> None:
    central.wait_for(
        "SignedFirmwareStatusNotification",
        lambda payload: payload["status"] == status,
        timeout=90,
    )


@pytest.mark.parametrize(
    "key, scheme",
    [
        (lambda: rsa.generate_private_key(65537, 2048), padding.PKCS1v15()),
        (lambda: rsa.generate_private_key(65537, 4096), padding.PSS(padding.MGF1(SHA256), 32)),
        (lambda: ec.generate_private_key(ec.SECP384R1()), None),
    ],
    ids=["RSA PKCS 1", "RSA PSS", "ECDSA"],
)
@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_what_the_manufacturer_signed_is_installed(station, central, server, key, scheme):
    maker = Manufacturer(key())
    signature = maker.signature(FILE, scheme)
    assert ask(central, server.url + "/fw", maker, signature) == "InvalidCertificate"
    assert install(central, "ManufacturerRootCertificate", maker.root) == "Accepted"
    assert ask(central, server.url + "/fw", maker, signature) == "Accepted"
    wait_for(central, "InstallRebooting")
    assert station.wait_exit(60) == RESET
    station.start()
    wait_for(central, "Installed")
    assert told(central) == [*_VERIFIED, "Installed"]


def test_another_file_from_a_server_with_a_root_that_was_installed_is_not(
    start_station, central, tmp_path
):
    files = Authority(tmp_path, "files")
    context = server_context(files.sign("files", names=["127.0.0.1"]))
    maker = Manufacturer(ec.generate_private_key(ec.SECP256R1()))
    station = start_station()
    station.wait_until(lambda state: state["registered"])
    assert install(central, "ManufacturerRootCertificate", maker.root) == "Accepted"
    assert install(central, "CentralSystemRootCertificate", files.cert.read_text()) == "Accepted"
    with closing(FileServer(context)) as server:
        server.files["/fw"] = update.of_image(
            setpoint_bin("esp32", "9.0.1", 40000)[1], "simulated", "9.0.1"
        )
        assert ask(central, server.url + "/fw", maker, maker.signature(FILE)) == "Accepted"
        wait_for(central, "InvalidSignature")
    assert told(central) == ["Downloading", "Downloaded", "InvalidSignature"]
    central.wait_for(
        "SecurityEventNotification",
        lambda payload: payload["type"] == "InvalidFirmwareSignature",
    )
    station.wait_until(lambda state: state["registered"])
