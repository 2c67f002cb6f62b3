"""The authorities that the station trusts: those that came with the identity, and those that a
central system installed. Each of the latter is a document in flash, whole or not at all:

    root-1 ... root-8    {"type", "der", "issuer_key", "trial"}; bytes in base64
    roots-removed        SHA-256 of those of the identity that a central system removed

A root that replaces others (AdditionalRootCertificateCheck) is on trial until a connection that it
vouches for has come about. Both count until then; after it the others go.
"""

import binascii
import hashlib

from . import x509

CENTRAL = "CentralSystemRootCertificate"
MANUFACTURER = "ManufacturerRootCertificate"
MOST = 8
_REMOVED = "roots-removed"


class Root:
    """name: of the document, None for one of the identity's. issuer_key: see hash_data.py."""

    def __init__(self, name: "str | None", kind: str, der: bytes) -> None:
        self.name = name
        self.kind = kind
        self.der = der
        self.issuer_key = None
        self.trial = False

    def fingerprint(self) -> str:
        return fingerprint_of(self.der)

    def certificate(self):
        return x509.Certificate(self.der)


def fingerprint_of(der: bytes) -> str:
    return binascii.hexlify(hashlib.sha256(der).digest()).decode()


def trusted(documents, provisioned, kind: "str | None" = None):
    """Yields each Root of a kind (None: of every kind). provisioned(): the DER of the identity's,
    which are all of the central system."""
    if kind != MANUFACTURER:
        removed = documents.read(_REMOVED, [])
        for der in provisioned():
            if fingerprint_of(der) not in removed:
                yield Root(None, CENTRAL, der)
    for number in range(1, MOST + 1):
        root = documents.read(_name(number), {}, _understood)
        if root and kind in (None, root.kind):
            root.name = _name(number)
            yield root


def _name(number: int) -> str:
    return "root-%d" % number


def _understood(stored: dict) -> "Root | dict":
    """ValueError, TypeError or LookupError for what `add` cannot have written."""
    if not stored:
        return stored
    if stored["type"] not in (CENTRAL, MANUFACTURER):
        raise ValueError("no type of a root")
    root = Root(None, stored["type"], binascii.a2b_base64(stored["der"]))
    root.issuer_key = binascii.a2b_base64(stored["issuer_key"])
    root.trial = bool(stored["trial"])
    return root


def add(documents, most: int, root) -> bool:
    """Writes a root into flash. False: it holds as many as it may. Raises OSError."""
    taken = [other.name for other in trusted(documents, tuple)]
    for number in range(1, MOST + 1):
        if _name(number) not in taken and len(taken) < most:
            root.name = _name(number)
            _write(documents, root)
            return True
    return False


def _write(documents, root) -> None:
    documents.write(
        root.name,
        {
            "type": root.kind,
            "der": _text(root.der),
            "issuer_key": _text(root.issuer_key),
            "trial": root.trial,
        },
    )


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data).decode().strip()


def remove(documents, root) -> None:
    """Raises OSError."""
    if root.name is not None:
        documents.remove(root.name)
    else:
        removed = documents.read(_REMOVED, [])
        documents.write(_REMOVED, removed + [root.fingerprint()])


def trial_ends(documents, provisioned, used: str) -> bool:
    """A connection came about for which the root with this fingerprint vouched. If that one was on
    trial, it is alone now. Raises OSError; the next connection tries again."""
    found = [root for root in trusted(documents, provisioned, CENTRAL)]
    new = [root for root in found if root.trial and root.fingerprint() == used]
    if not new:
        return False
    for root in found:
        if root is not new[0]:
            remove(documents, root)
    new[0].trial = False
    _write(documents, new[0])
    return True
