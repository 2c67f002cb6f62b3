"""The fields of an X.509 certificate (RFC 5280), read strictly and within bounds."""

from micropython import const

from ..protocol.iso8601 import instant_from
from . import der

MOST_BYTES = const(4096)
_CONTEXT = const(0xA0)
_BASIC_CONSTRAINTS = b"\x55\x1d\x13"
_KEY_USAGE = b"\x55\x1d\x0f"
# What may be critical beside them: subjectAltName, certificatePolicies, extKeyUsage
_HARMLESS = (b"\x55\x1d\x11", b"\x55\x1d\x20", b"\x55\x1d\x25")
_COMMON_NAME = b"\x55\x04\x03"
_SIGNS_CERTIFICATES = const(0x04)  # keyCertSign
_SIGNS = const(0x80)  # digitalSignature
_MOST_SERIAL = const(20)  # bytes (RFC 5280, 4.1.2.2)


class Certificate:
    """data: DER. ValueError with a sentence for what is no certificate.

    issuer, subject: Names in DER. serial: a number. begins, ends: instants. algorithm: the
    AlgorithmIdentifier of the signature, in DER. key_algorithm: that of the key, from its OID on.
    key: the content of subjectPublicKey."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MOST_BYTES:
            raise ValueError("a certificate has more than %d bytes" % MOST_BYTES)
        self.der = data
        file = der.Elements(data)
        parts = file.inside(der.SEQUENCE)
        file.finish()
        start = parts.at
        fields = parts.inside(der.SEQUENCE)
        self.signed_part = bytes(data[start : parts.at])
        self.algorithm = parts.whole(der.SEQUENCE)
        self.signature = parts.bits()
        parts.finish()
        self.may_sign_certificates = self.may_sign = True
        self.is_authority = False
        self.path_length = None
        self._fields(fields)

    def _fields(self, fields) -> None:
        version = 0
        if fields.peek() == _CONTEXT:
            version = fields.inside(_CONTEXT).natural()
        self.serial = int.from_bytes(_serial(fields.value(der.INTEGER)), "big")
        if fields.whole(der.SEQUENCE) != self.algorithm:
            raise ValueError("a certificate names two algorithms")
        self.issuer = fields.whole(der.SEQUENCE)
        validity = fields.inside(der.SEQUENCE)
        self.begins, self.ends = _instant(validity), _instant(validity)
        validity.finish()
        self.subject = fields.whole(der.SEQUENCE)
        key = fields.inside(der.SEQUENCE)
        algorithm = key.inside(der.SEQUENCE)
        self.key_algorithm = bytes(algorithm.data[algorithm.at : algorithm.end])
        self.key = key.bits()
        key.finish()
        for tag in (0x81, 0x82):  # unique identifiers
            if fields.peek() == tag:
                fields.next(tag)
        if fields.peek() is not None:
            if version != 2:
                raise ValueError("a certificate with extensions is not of version 3")
            self._extensions(fields.inside(0xA3).inside(der.SEQUENCE))
            fields.finish()

    def _extensions(self, extensions) -> None:
        seen = []
        while extensions.peek() is not None:
            extension = extensions.inside(der.SEQUENCE)
            oid = extension.value(der.OID)
            critical = extension.peek() == der.BOOLEAN and extension.value(der.BOOLEAN) != b"\x00"
            content = der.Elements(extension.value(der.OCTET_STRING))
            extension.finish()
            if oid in seen:
                raise ValueError("a certificate has an extension twice")
            seen.append(oid)
            if oid == _BASIC_CONSTRAINTS:
                values = content.inside(der.SEQUENCE)
                if values.peek() == der.BOOLEAN:
                    self.is_authority = values.value(der.BOOLEAN) != b"\x00"
                if values.peek() == der.INTEGER:
                    self.path_length = values.natural()
                values.finish()
            elif oid == _KEY_USAGE:
                bits = content.value(der.BIT_STRING)
                usage = bits[1] if len(bits) > 1 else 0
                self.may_sign_certificates = bool(usage & _SIGNS_CERTIFICATES)
                self.may_sign = bool(usage & _SIGNS)
            elif critical and oid not in _HARMLESS:
                raise ValueError("a certificate has a critical extension that is not known")

    def holds_at(self, now: "int | None") -> bool:
        """Is it valid at an instant? Without the time it counts as valid."""
        return now is None or self.begins <= now <= self.ends

    def common_name(self) -> "str | None":
        """The subject's common name."""
        names = der.Elements(self.subject).inside(der.SEQUENCE)
        found = None
        while names.peek() is not None:
            part = names.inside(der.SET).inside(der.SEQUENCE)
            if part.value(der.OID) == _COMMON_NAME:
                start, end = part.next(part.peek() or 0)
                found = str(bytes(part.data[start:end]), "utf-8")
        return found


def _serial(value: bytes) -> bytes:
    """The bytes of a serial number; some authorities wrote negative ones, which count as they
    stand."""
    if not value or len(value) > _MOST_SERIAL + 1:
        raise ValueError("a serial number is out of range")
    return value


def _instant(elements) -> int:
    """A Time (RFC 5280, 4.1.2.5)."""
    if elements.peek() == der.UTC_TIME:
        text = str(elements.value(der.UTC_TIME), "utf-8")
        text = ("19" if text[:1] >= "5" else "20") + text
    else:
        text = str(elements.value(der.GENERALIZED_TIME), "utf-8")
    if len(text) != 15 or text[14] != "Z":
        raise ValueError("a certificate's date is none")
    return instant_from(
        "%s-%s-%sT%s:%s:%s" % (text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:])
    )
