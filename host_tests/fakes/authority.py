"""An authority that signs certificates on every interpreter, with the station's own ECDSA. That a
stranger reads them, and the other way round, test_certificate_properties.py shows."""

import os

from setpoint.certificates import der, ecdsa, pem
from setpoint.protocol.iso8601 import text_from

_ECDSA_WITH_SHA256 = b"\x2a\x86\x48\xce\x3d\x04\x03\x02"
_EC_PUBLIC_KEY = b"\x2a\x86\x48\xce\x3d\x02\x01"
_COMMON_NAME = b"\x55\x04\x03"
_BASIC_CONSTRAINTS = b"\x55\x1d\x13"
_KEY_USAGE = b"\x55\x1d\x0f"
DAY_S = 86400


def run(generator):
    """What long work returns."""
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


class Authority:
    """name: its common name. signed_by: another Authority that signs its certificate, None: itself.
    changes: as `certificate` takes them."""

    def __init__(self, name, now, signed_by=None, **changes):
        self.name = name
        self.now = now
        self.secret, self.public = run(ecdsa.key_pair(os.urandom))
        changes["authority"] = changes.get("authority", True)
        self.der = (signed_by or self).certificate(name, self.public, **changes)

    @property
    def pem(self):
        return pem.text_of(self.der)

    def certificate(
        self,
        name,
        public,
        authority=False,
        days=(-1, 30),
        serial=None,
        usage=None,
        issuer=None,
        path_length=None,
        extra=b"",
    ):
        """A certificate in DER. days: from now on. usage: the bits of keyUsage. issuer: another
        name than its own. extra: more extensions, in DER."""
        algorithm = der.sequence(der.element(der.OID, _ECDSA_WITH_SHA256))
        constraints = der.element(der.BOOLEAN, b"\xff") if authority else b""
        if path_length is not None:
            constraints += der.integer(path_length)
        extensions = _extension(_BASIC_CONSTRAINTS, der.sequence(constraints), True) + extra
        if usage is not None:
            bits = der.element(der.BIT_STRING, bytes((0, usage)))
            extensions += _extension(_KEY_USAGE, bits, True)
        serial = int.from_bytes(os.urandom(8), "big") if serial is None else serial
        content = der.sequence(
            der.element(0xA0, der.integer(2)),
            der.integer(serial),
            algorithm,
            distinguished(issuer or self.name),
            der.sequence(*[_time(self.now + int(day * DAY_S)) for day in days]),
            distinguished(name),
            der.sequence(
                der.sequence(
                    der.element(der.OID, _EC_PUBLIC_KEY), der.element(der.OID, ecdsa.OIDS[0])
                ),
                der.bit_string(public),
            ),
            der.element(0xA3, der.sequence(extensions)),
        )
        signature = run(ecdsa.signed(self.secret, content, os.urandom))
        return der.sequence(content, algorithm, der.bit_string(signature))

    def sign(self, request, **changes):
        """The certificate, in PEM, for a request in PEM."""
        (found,) = pem.blocks(request, "CERTIFICATE REQUEST")
        name, public = name_and_key(found)
        return pem.text_of(self.certificate(changes.pop("name", name), public, **changes))


def name_and_key(request):
    """(common name, public key) of a request in DER whose signature is right."""
    outer = der.Elements(request).inside(der.SEQUENCE)
    start = outer.at
    content = outer.inside(der.SEQUENCE)
    signed = request[start : outer.at]
    outer.next(der.SEQUENCE)
    signature = outer.bits()
    content.natural()
    names = content.inside(der.SEQUENCE)
    name = None
    while names.peek() is not None:
        part = names.inside(der.SET).inside(der.SEQUENCE)
        oid = part.value(der.OID)
        value = str(part.value(der.UTF8_STRING), "utf-8")
        name = value if oid == _COMMON_NAME else name
    key = content.inside(der.SEQUENCE)
    key.next(der.SEQUENCE)
    public = key.bits()
    import hashlib

    digest = hashlib.sha256(signed).digest()
    assert run(ecdsa.verified(ecdsa.Curve(ecdsa.OIDS[0]), public, digest, signature))
    return name, public


def distinguished(name):
    value = der.element(der.UTF8_STRING, name.encode())
    return der.sequence(
        der.element(der.SET, der.sequence(der.element(der.OID, _COMMON_NAME), value))
    )


def _extension(oid, content, critical=False):
    mark = der.element(der.BOOLEAN, b"\xff") if critical else b""
    return der.sequence(der.element(der.OID, oid), mark, der.element(der.OCTET_STRING, content))


def _time(instant):
    text = text_from(instant)
    digits = "".join([c for c in text if "0" <= c <= "9"])
    if "1950" <= digits[:4] < "2050":
        return der.element(der.UTC_TIME, (digits[2:] + "Z").encode())
    return der.element(der.GENERALIZED_TIME, (digits + "Z").encode())
