"""The station's own certificate (OCPP 1.6 security whitepaper, SignCertificate): a key pair that is
made here, the request for a certificate, and the certificate. The private key never leaves flash.

    own-1 ... own-3    {"key", "name", "chain"}: ECPrivateKey and certificates in base64

facts.credentials says which of them is in use (0: the one of the identity) and which was before a
change on trial. Any other one waits for its certificate.
"""

import binascii

from . import der, ecdsa, pem, signatures, x509

_MOST = 3
_MOST_CERTIFICATES = 4
_ECDSA_WITH_SHA256 = b"\x2a\x86\x48\xce\x3d\x04\x03\x02"
_EC_PUBLIC_KEY = b"\x2a\x86\x48\xce\x3d\x02\x01"
_ORGANISATION, _COMMON_NAME = b"\x55\x04\x0a", b"\x55\x04\x03"
_LONGEST = 64  # characters of either (RFC 5280, appendix A)


def _document(number: int) -> str:
    return "own-%d" % number


def _understood(stored: dict) -> dict:
    """ValueError, TypeError or LookupError for what this file cannot have written."""
    if stored:
        for text in [stored["key"], stored["public"]] + stored["chain"]:
            binascii.a2b_base64(text)
        if type(stored["name"]) is not str:
            raise ValueError("no name")
    return stored


def read(documents, number: int) -> dict:
    """What is stored under a number; empty: nothing that can be used."""
    return documents.read(_document(number), {}, _understood)


def tls_pair(documents, number: int) -> "tuple[list, bytes] | None":
    """(the certificates in DER, the private key in DER)."""
    found = read(documents, number)
    if not found or not found["chain"]:
        return None
    chain = [binascii.a2b_base64(text) for text in found["chain"]]
    return chain, binascii.a2b_base64(found["key"])


def waiting(documents, used: tuple, key: bytes) -> int:
    """The number of the key pair with this public key that waits for its certificate; 0: none.
    used: the numbers that are in use, or were before a trial."""
    for number in range(1, _MOST + 1):
        if number not in used:
            found = read(documents, number)
            if found and binascii.a2b_base64(found["public"]) == key:
                return number
    return 0


def _free(documents, used: tuple) -> int:
    """Where the next key pair goes: in the place of the one that waits, if there is one."""
    free = [number for number in range(1, _MOST + 1) if number not in used]
    for number in free:
        if read(documents, number):
            return number
    return free[0]


def request(documents, used: tuple, name: str, organisation: str, random):
    """A generator that makes a key pair, keeps it in flash, and returns the request for its
    certificate as PEM (PKCS #10, RFC 2986). Raises OSError."""
    secret, public = yield from ecdsa.key_pair(random)
    name = name[:_LONGEST]
    subject = _name(_ORGANISATION, organisation[:_LONGEST]) + _name(_COMMON_NAME, name)
    content = der.sequence(
        der.integer(0),
        der.sequence(subject),
        der.sequence(
            der.sequence(der.element(der.OID, _EC_PUBLIC_KEY), der.element(der.OID, ecdsa.OIDS[0])),
            der.bit_string(public),
        ),
        der.element(0xA0, b""),
    )
    signature = yield from ecdsa.signed(secret, content, random)
    documents.write(
        _document(_free(documents, used)),
        {
            "key": _text(ecdsa.private_key(secret, public)),
            "public": _text(public),
            "name": name,
            "chain": [],
        },
    )
    algorithm = der.sequence(der.element(der.OID, _ECDSA_WITH_SHA256))
    return pem.text_of(
        der.sequence(content, algorithm, der.bit_string(signature)), "CERTIFICATE REQUEST"
    )


def _name(oid: bytes, text: str) -> bytes:
    if not text:
        return b""
    value = der.element(der.UTF8_STRING, text.encode())
    return der.element(der.SET, der.sequence(der.element(der.OID, oid), value))


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data).decode().strip()


def chain_in(text: str) -> list:
    """The certificates in PEM, the station's own first. ValueError."""
    chain = []
    for one in pem.blocks(text):
        if len(chain) == _MOST_CERTIFICATES:
            raise ValueError("it has more than %d certificates" % _MOST_CERTIFICATES)
        chain.append(x509.Certificate(one))
    if not chain:
        raise ValueError("it holds no certificate")
    return chain


def reason_to_reject(chain: list, name: str, now: "int | None"):
    """A generator that returns why a chain is no certificate for this station's name; None: it is
    one. ValueError where one of them is of a kind that is not taken."""
    if chain[0].common_name() != name:
        return "it is for another name"
    if not chain[0].may_sign:
        return "its key may not sign, so it opens no TLS"
    for at in range(len(chain)):
        if not chain[at].holds_at(now):
            return "it is not valid at this time"
        if at + 1 < len(chain):
            follows = chain[at].issuer == chain[at + 1].subject
            if follows:
                follows = yield from signatures.is_signed_by(chain[at], chain[at + 1])
            if not follows:
                return "its chain does not hold together"
    return None


def keep(documents, number: int, chain: list) -> None:
    """The certificate for a key pair that waited. Raises OSError."""
    found = read(documents, number)
    found["chain"] = [_text(certificate.der) for certificate in chain]
    documents.write(_document(number), found)


def forget_others(documents, used: tuple) -> None:
    """A trial is over: what had been in use before goes. What waits for its certificate stays."""
    for number in range(1, _MOST + 1):
        if number not in used and read(documents, number).get("chain"):
            documents.remove(_document(number))
