"""Who signed a certificate, or a file. Every answer comes from a generator that yields after each
slice of the work (rsa.py, ecdsa.py)."""

from . import der, ecdsa, hashes, rsa

_RSA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
_EC = b"\x2a\x86\x48\xce\x3d\x02\x01"
_WITH_RSA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01"
_WITH_ECDSA = b"\x2a\x86\x48\xce\x3d\x04\x03"
# By the last byte of the algorithm's OID
_RSA_HASHES = {5: "SHA1", 11: "SHA256", 12: "SHA384", 13: "SHA512"}
_ECDSA_HASHES = {2: "SHA256", 3: "SHA384", 4: "SHA512"}
_MOST_INTERMEDIATES = 3


def is_signed_by(certificate, authority):
    """A generator that returns whether an authority's key signed a certificate. ValueError where
    one of them is of a kind that is not taken."""
    fields = der.Elements(certificate.algorithm).inside(der.SEQUENCE)
    oid = fields.value(der.OID)
    family, last = oid[:-1], oid[-1] if oid else 0
    if family == _WITH_RSA and last in _RSA_HASHES:
        name = _RSA_HASHES[last]
        fields.value(der.NULL)
    elif family == _WITH_ECDSA and last in _ECDSA_HASHES:
        name = _ECDSA_HASHES[last]
    else:
        raise ValueError("a certificate is signed by an algorithm that is not known")
    fields.finish()
    # An authority signs others with SHA-1 no more; itself it may have, long ago
    if name == "SHA1" and certificate.issuer != certificate.subject:
        raise ValueError("a certificate is signed with SHA-1")
    key = der.Elements(authority.key_algorithm).value(der.OID)
    if key != (_RSA if family == _WITH_RSA else _EC):
        return False
    digest = yield from hashes.digest(name, certificate.signed_part)
    if key == _RSA:
        encoded = yield from rsa.encoded_message(authority.key, certificate.signature)
        return encoded is not None and rsa.is_pkcs1(encoded, name, digest)
    curve = _curve_of(authority.key_algorithm)
    return (yield from ecdsa.verified(curve, authority.key, digest, certificate.signature))


def _curve_of(algorithm: bytes):
    fields = der.Elements(algorithm)
    fields.value(der.OID)
    curve = ecdsa.Curve(fields.value(der.OID))
    fields.finish()
    return curve


def check_key(certificate) -> None:
    """ValueError for a certificate with a key that is not taken."""
    key = der.Elements(certificate.key_algorithm).value(der.OID)
    if key == _RSA:
        rsa.modulus_of(certificate.key)
    elif key == _EC:
        _curve_of(certificate.key_algorithm).point(certificate.key)
    else:
        raise ValueError("a key is neither RSA nor EC")


def is_signed_file(algorithm: bytes, key: bytes, digest: bytes, signature: bytes):
    """A generator that returns whether a key signed a file of this SHA-256: RSA (PSS or PKCS #1
    v1.5) or ECDSA. algorithm, key: key_algorithm and key of a Certificate. ValueError for a key
    that is not taken."""
    kind = der.Elements(algorithm).value(der.OID)
    if kind == _RSA:
        encoded = yield from rsa.encoded_message(key, signature)
        if encoded is None:
            return False
        bits = rsa.bits_of(rsa.modulus_of(key))
        return rsa.is_pss(encoded, bits, digest) or rsa.is_pkcs1(encoded, "SHA256", digest)
    if kind != _EC:
        raise ValueError("a key is neither RSA nor EC")
    return (yield from ecdsa.verified(_curve_of(algorithm), key, digest, signature))


def reason_to_distrust(chain: list, authorities: list, now: "int | None"):
    """A generator that returns why a chain of certificates, the signer's own first, does not lead
    to one of the authorities; None: it does. now: the instant, None: unknown."""
    if not chain or len(chain) > _MOST_INTERMEDIATES + 1:
        return "there are no certificates, or too many"
    for at in range(len(chain)):
        certificate = chain[at]
        if not certificate.holds_at(now):
            return "a certificate is not valid at this time"
        for authority in authorities:
            if authority.subject == certificate.issuer and authority.holds_at(now):
                signs = yield from _may_have_signed(certificate, authority, at)
                if signs:
                    return None
        if at + 1 == len(chain):
            return "no authority that this station trusts signed it"
        if certificate.issuer != chain[at + 1].subject:
            return "a certificate does not follow from the next one"
        signs = yield from _may_have_signed(certificate, chain[at + 1], at)
        if not signs:
            return "a certificate's signature is wrong"


def _may_have_signed(certificate, authority, between: int):
    """Is an authority allowed to sign, and did it? between: how many intermediate certificates
    stand below it in the chain."""
    if not authority.is_authority or not authority.may_sign_certificates:
        return False
    if authority.path_length is not None and authority.path_length < between:
        return False
    return (yield from is_signed_by(certificate, authority))
