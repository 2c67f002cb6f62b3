"""The public authorities that set-up mode tries: the firmware has those of the pinned list of
Mozilla's, each of which is still valid, and MicroPython's TLS takes them."""

import datetime
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from interpreters import command_of

from setpoint.certificates.public import ROOTS
from tools import public_roots
from tools.command import ROOT, Failure

MOST = 20 * 1024  # bytes of flash


def test_the_firmware_has_what_mozilla_trusts():
    """Names, order and fingerprints. Where one is gone: another list in tools/public_roots.py."""
    wanted = [
        (name, x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()))
        for name, pem in public_roots.chosen().items()
    ]
    found = [
        (name, x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()))
        for name, der in ROOTS
    ]
    assert found == wanted, "run: make roots"
    assert public_roots.MODULE.read_text() == public_roots.module(), "run: make roots"
    assert 12 <= len(ROOTS) and sum(len(der) for _, der in ROOTS) < MOST


@pytest.mark.parametrize("name, der", ROOTS, ids=[name for name, _ in ROOTS])
def test_each_is_an_authority_that_signed_itself_and_is_valid(name, der):
    root = x509.load_der_x509_certificate(der)
    now = datetime.datetime.now(datetime.timezone.utc)
    assert root.not_valid_before_utc < now < root.not_valid_after_utc, "choose another one"
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    root.verify_directly_issued_by(root)
    assert root.public_bytes(Encoding.DER) == der


def test_one_that_is_gone_is_named(monkeypatch):
    monkeypatch.setattr(public_roots, "NAMES", ("ISRG Root X1", "Honest Achmed"))
    with pytest.raises(Failure, match="certifi has no Honest Achmed"):
        public_roots.chosen()


@pytest.mark.parametrize("bits", ["64", "32"])
def test_micropythons_tls_takes_each(bits):
    script = """
import tls
from setpoint.certificates.public import ROOTS
for name, der in ROOTS:
    tls.SSLContext(tls.PROTOCOL_TLS_CLIENT).load_verify_locations(der)
    print(name)
"""
    done = subprocess.run(
        [*command_of(bits), "-c", script],
        env={"MICROPYPATH": ".frozen:" + str(ROOT / "firmware")},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [name for name, _ in ROOTS], done.stderr
