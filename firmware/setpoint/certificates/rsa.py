"""RSA signatures (RFC 8017): PKCS #1 v1.5 and PSS, with keys of 2048 to 4096 bits and the exponent
65537.

One squaring is one stretch in C, which holds up the control step; a generator yields after each.
The padding of PKCS #1 v1.5 is not read but built and compared whole, so that no garbage in it can
pass (Bleichenbacher's forgery).
"""

import hashlib

from . import der

_LEAST_BITS, _MOST_BITS = 2048, 4096
_EXPONENT = 65537
# DigestInfo up to the hash (RFC 8017, 9.2, note 1)
_PREFIXES = {
    "SHA1": b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
    "SHA256": b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
    "SHA384": b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
    "SHA512": b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
}


def modulus_of(key: bytes) -> int:
    """The modulus of an RSAPublicKey in DER. ValueError for a key that is not taken."""
    fields = der.Elements(key).inside(der.SEQUENCE)
    modulus, exponent = fields.natural(), fields.natural()
    fields.finish()
    if exponent != _EXPONENT or not modulus & 1:
        raise ValueError("an RSA key needs the exponent 65537")
    if not modulus >> (_LEAST_BITS - 1) or modulus >> _MOST_BITS:
        raise ValueError("an RSA key needs 2048 to 4096 bits")
    return modulus


def encoded_message(key: bytes, signature: bytes):
    """A generator that returns what was padded and signed, as long as the modulus; None: nothing
    can have been."""
    modulus = modulus_of(key)
    size = der.length_of(modulus)
    number = int.from_bytes(signature, "big")
    if len(signature) != size or number >= modulus:
        return None
    power = number
    for _ in range(16):
        power = power * power % modulus
        yield
    return (power * number % modulus).to_bytes(size, "big")


def is_pkcs1(encoded: bytes, name: str, digest: bytes) -> bool:
    """Is this EMSA-PKCS1-v1_5 of a hash?"""
    end = _PREFIXES[name] + digest
    return encoded == b"\x00\x01" + b"\xff" * (len(encoded) - len(end) - 3) + b"\x00" + end


def is_pss(encoded: bytes, bits: int, digest: bytes) -> bool:
    """Is this EMSA-PSS of a SHA-256 hash (RFC 8017, 9.1.2), with a salt of any length and MGF1
    with SHA-256? bits: of the modulus."""
    size = len(digest)
    most = (bits + 6) // 8  # a modulus of 8n+1 bits leaves one byte unused
    if len(encoded) > most:
        if encoded[0]:
            return False
        encoded = encoded[1:]
    if most < size + 2 or encoded[-1] != 0xBC:
        return False
    masked, found = encoded[: -size - 1], encoded[-size - 1 : -1]
    unused = 8 * most - (bits - 1)
    if masked[0] >> (8 - unused):
        return False
    block = bytearray(masked)
    mask = _mask(found, len(block))
    for i in range(len(block)):
        block[i] ^= mask[i]
    block[0] &= 0xFF >> unused
    one = 0
    while one < len(block) and not block[one]:
        one += 1
    if one == len(block) or block[one] != 1:
        return False
    salted = hashlib.sha256(bytes(8))
    salted.update(digest)
    salted.update(block[one + 1 :])
    return salted.digest() == found


def _mask(seed: bytes, length: int) -> bytes:
    """MGF1 with SHA-256 (RFC 8017, B.2.1)."""
    parts = []
    for counter in range((length + 31) // 32):
        parts.append(hashlib.sha256(seed + counter.to_bytes(4, "big")).digest())
    return b"".join(parts)[:length]


def bits_of(modulus: int) -> int:
    bits = der.length_of(modulus) * 8
    while not modulus >> (bits - 1):
        bits -= 1
    return bits
