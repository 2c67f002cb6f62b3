"""TLS: whom the station trusts, and what a refusal means. Loaded for one try to connect (late.py).

The interpreter's `tls` module (Mbed TLS, the same on a PC and on a chip) checks that an authority
in `ca_file`, or one that a central system installed (certificates/roots.py), signed the
certificate of the central system, that the certificate is for the host in
the URL, and that it is valid now. Nothing turns this off. Without an authority there is
no connection. Two refusals of Mbed TLS lead to another try:

* the name, where `check_hostname` is false: the next try asks for the name that the certificate is
  for;
* "not yet valid", while the station does not know the time. The authority's signature shows that
  the validity has begun, so the next try sets the chip's clock to its beginning, for as long as the
  try lasts. All else (signature, name, not ended before it began) is still checked, and a station
  without a battery-backed clock can ask its central system for the time. Whether the certificate
  has expired cannot be known then.
"""

import binascii

import tls

from ..certificates import own, pem, roots
from ..clock import set_machine_clock
from ..protocol.iso8601 import instant_from

INVALID_CERTIFICATE = "InvalidCentralSystemCertificate"
_FATAL_ALERT = -0x7780  # the numbers are Mbed TLS's
_NO_TLS = (-0x7200, -0x7280)  # an invalid record, and the end of the connection
_NAME = "Common Name"
_TOO_EARLY = "starts in the future"
_REASONS = (
    (_NAME, "is not for the name %s"),
    ("not correctly signed", "is not signed by an authority that this station trusts"),
    ("has expired", "has expired"),
    (_TOO_EARLY, "is not valid yet"),
)


class Refused(ValueError):
    """Arguments: the reason in a sentence, and a security event if the refusal is one."""


class Check:
    """`context` and `name` are what a network's `open` takes. files: ca_file, check_hostname,
    cert_file, key_file. documents: where certificates are kept that a central system installed,
    None: nowhere. own_number: the one of the station that is shown, 0: cert_file. peer: who is at
    the other end, for sentences.

    `root` is the fingerprint of the authority that vouched for the peer, once it has."""

    def __init__(
        self,
        files: dict,
        host: str,
        clock,
        documents=None,
        own_number: int = 0,
        peer: str = "central system",
    ) -> None:
        self._peer = peer
        self.name = host
        self.root = None
        self._below = False  # the next certificate of a chain is not its first one
        self._any_name = not files.get("check_hostname", True)
        self._leaf = None  # the server's own certificate, in DER
        # The chip's clock stands at the beginning of the server's certificate
        self._has_begun = False
        self._now = clock.now()
        if self._now is not None:
            set_machine_clock(self._now)
        self.context = context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        _load_authorities(context, files.get("ca_file"), documents)
        pair = own.tls_pair(documents, own_number) if own_number else None
        if pair is not None:
            _load_pair(context, *pair)
        elif files.get("cert_file"):
            _load_own(context, files["cert_file"], files.get("key_file"))
        context.verify_callback = self._look

    def _look(self, der, depth: int) -> int:
        """Mbed TLS shows a certificate, the authority's first. 0: its own judgement stands. It must not see an
        exception."""
        try:
            if depth == 0:
                self._leaf = bytes(der)
            if not self._below:
                self.root = roots.fingerprint_of(der)
            self._below = depth > 0
        except MemoryError:
            self._leaf = None
        return 0

    def explain(self, error: Exception) -> None:
        """Returns when another try may succeed. Else raises Refused, or the error itself if TLS did
        not cause it."""
        code = error.args[0] if error.args else 0
        if isinstance(error, OSError):
            if type(code) is not int or code >= 0:
                raise error
            if code == _FATAL_ALERT:
                raise Refused(
                    "the %s broke TLS off; does it take this station's certificate?" % self._peer
                )
            if code in _NO_TLS:
                raise Refused("the %s does not answer in TLS" % self._peer)
            raise Refused("TLS failed: %s" % " ".join([str(part) for part in error.args]))
        lines = [line for line in str(code).split("\n") if line]
        # The signature is good
        trusted = lines and all([_NAME in line or _TOO_EARLY in line for line in lines])
        if trusted and all([self._learns(line) for line in lines]):
            return
        reasons = []
        for line in lines:
            for part, reason in _REASONS:
                if part in line:
                    line = reason % self.name if "%" in reason else reason
            reasons.append(line)
        raise Refused(
            "the certificate of the %s %s" % (self._peer, ", and ".join(reasons)),
            INVALID_CERTIFICATE,
        )

    def _learns(self, line: str) -> bool:
        leaf = self._leaf
        if leaf is None:
            return False
        if _NAME in line and self._any_name:
            name = name_in(leaf)
            if name and name != self.name:
                self.name = name
                return True
        elif _TOO_EARLY in line and self._now is None and not self._has_begun:
            begins = beginning_of(leaf)
            if begins is not None:
                self._has_begun = True
                set_machine_clock(begins)
                return True
        return False

    def end(self) -> None:
        """Ends the try: the chip's clock no longer stands at the beginning of a certificate."""
        if self._has_begun:
            set_machine_clock(None)


def certificates_in(path: "str | None") -> "list[bytes]":
    """The DER of each certificate in a PEM file; none where there is no file."""
    if not path:
        return []
    return [der for label, der in _blocks(path) if label == b"CERTIFICATE"]


def _load_authorities(context, path: "str | None", documents) -> None:
    loaded = False
    provisioned = certificates_in(path)
    if documents is None:
        authorities = provisioned
    else:
        found = roots.trusted(documents, lambda: provisioned, roots.CENTRAL)
        authorities = (root.der for root in found)
    for der in authorities:
        try:
            context.load_verify_locations(der)
            loaded = True
        except ValueError:
            pass  # a kind that Mbed TLS does not know; another one may do
    if loaded:
        return
    if path:
        raise Refused("there is no certificate in %s" % path)
    raise Refused(
        "TLS needs tls.ca_file, the certificate of the authority behind the central system's"
    )


def _load_pair(context, chain: "list[bytes]", key: bytes) -> None:
    try:
        certificates = "".join([pem.text_of(der) for der in chain])
        context.load_cert_chain(
            certificates.encode() + b"\0", pem.text_of(key, "EC PRIVATE KEY").encode() + b"\0"
        )
        return
    except ValueError:
        pass  # this interpreter may know DER only, which holds one certificate
    try:
        context.load_cert_chain(chain[0], key)
    except ValueError:
        raise Refused("this station's certificate does not fit its key")


def _load_own(context, cert_path: str, key_path: "str | None") -> None:
    if not key_path:
        raise Refused("tls.cert_file needs tls.key_file")
    try:
        context.load_cert_chain(_content(cert_path), _content(key_path))
        return
    except ValueError:
        pass  # this interpreter may know DER only
    try:
        key = [der for label, der in _blocks(key_path) if b"PRIVATE KEY" in label]
        context.load_cert_chain(next(_blocks(cert_path))[1], key[0])
    except (ValueError, IndexError, StopIteration):
        raise Refused("this station's certificate %s does not fit its key, or is none" % cert_path)


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Refused("%s cannot be read: %s" % (path, error))


def _blocks(path: str):
    """Yields (label, DER) of each block of a PEM file."""
    label, lines = None, []
    for line in _content(path).split(b"\n"):
        line = line.strip()
        if line.startswith(b"-----BEGIN "):
            label, lines = line[11:-5], []
        elif line.startswith(b"-----END"):
            yield label, binascii.a2b_base64(b"".join(lines))
            label = None
        elif label is not None:
            lines.append(line)


def beginning_of(der: bytes) -> "int | None":
    """The instant from which a certificate is valid (RFC 5280, 4.1.2.5). None: not found."""
    for opening, digits in (
        (b"\x30\x1e\x17\x0d", 12),
        (b"\x30\x20\x17\x0d", 12),
        (b"\x30\x22\x18\x0f", 14),
    ):
        at = der.find(opening)
        if at >= 0:
            text = der[at + 4 : at + 4 + digits].decode()
            if digits == 12:
                text = ("19" if text[0] >= "5" else "20") + text
            text = "%s-%s-%sT%s:%s:%sZ" % (
                text[:4],
                text[4:6],
                text[6:8],
                text[8:10],
                text[10:12],
                text[12:],
            )
            try:
                return instant_from(text)
            except ValueError:
                return None
    return None


def name_in(der: bytes) -> "str | None":
    """A name or IPv4 address that a certificate is for: its first alternative name, else its common
    name, else None."""
    at = der.find(b"\x06\x03\x55\x1d\x11") + 5  # subjectAltName
    if at < 5:
        # CommonName; the issuer's stands before the subject's
        at = der.rfind(b"\x06\x03\x55\x04\x03") + 5
        if at < 5:
            return None
        start, end = _value_at(der, at)
        return der[start:end].decode()
    if der[at] == 0x01:  # that it is critical
        at += 3
    at, _ = _value_at(der, at)  # inside an octet string ...
    at, last = _value_at(der, at)  # ... a list
    while at < last:
        start, end = _value_at(der, at)
        if der[at] == 0x82:
            return der[start:end].decode()
        if der[at] == 0x87 and end - start == 4:
            return "%d.%d.%d.%d" % tuple(der[start:end])
        at = end
    return None


def _value_at(der: bytes, at: int) -> "tuple[int, int]":
    """Where the value of the element that begins here starts and ends."""
    length = der[at + 1]
    at += 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(der[at : at + count], "big")
        at += count
    return at, at + length
