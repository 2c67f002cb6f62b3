"""How OCPP names a certificate: CertificateHashData (OCPP 1.6 security whitepaper)."""

import binascii

from . import hashes

NAMES = ("SHA256", "SHA384", "SHA512")


def hash_data_of(certificate, issuer_key: bytes, name: str):
    """A generator that returns the CertificateHashData. issuer_key: the content of the issuer's
    subjectPublicKey. name: the hash algorithm."""
    of_name = yield from hashes.digest(name, certificate.issuer)
    of_key = yield from hashes.digest(name, issuer_key)
    return {
        "hashAlgorithm": name,
        "issuerNameHash": binascii.hexlify(of_name).decode(),
        "issuerKeyHash": binascii.hexlify(of_key).decode(),
        "serialNumber": "%x" % certificate.serial,
    }


def is_named(certificate, issuer_key: bytes, wanted: dict):
    """A generator that returns whether a CertificateHashData means this certificate. Upper and
    lower case and leading zeros do not count."""
    try:
        # MicroPython's int() takes no blanks, CPython's takes "_"
        digits = wanted["serialNumber"].encode()
        if [b for b in digits if b not in b"0123456789abcdefABCDEF"]:
            return False
        if int(digits, 16) != certificate.serial:
            return False
    except ValueError:
        return False
    found = yield from hash_data_of(certificate, issuer_key, wanted["hashAlgorithm"])
    for field in ("issuerNameHash", "issuerKeyHash"):
        if wanted[field].lower() != found[field]:
            return False
    return True
