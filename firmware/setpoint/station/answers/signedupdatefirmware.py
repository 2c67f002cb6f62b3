"""SignedUpdateFirmware (OCPP 1.6 security whitepaper): accepted if an installed
ManufacturerRootCertificate vouches for the certificate that it brings. No list of revoked
certificates is at hand here, so RevokedCertificate is never the answer: who distrusts a signer
removes the root."""

import binascii

from ...certificates import pem, roots, signatures, x509
from ...messaging.security_events import happened
from .. import update


def answer(station, request: dict):
    """A generator that returns the payload."""
    firmware = request["firmware"]
    reason = None
    try:
        chain = [x509.Certificate(one) for one in pem.blocks(firmware["signingCertificate"])]
        reason = yield from _reason_to_refuse(station, chain)
    except ValueError as error:
        reason = str(error)
    if reason is not None:
        happened(station.facts, "InvalidFirmwareSigningCertificate", reason)
        return {"status": "InvalidCertificate"}
    running = station.download
    if running is not None and not running.cancel():
        return {"status": "Rejected"}
    station.later(lambda: _begin(station, request, firmware, chain[0]))
    return {"status": "Accepted" if running is None else "AcceptedCanceled"}


def _reason_to_refuse(station, chain: list):
    documents = station.documents
    trusted = []
    for root in roots.trusted(documents, tuple, roots.MANUFACTURER):
        yield
        trusted.append(root.certificate())
    reason = yield from signatures.reason_to_distrust(chain, trusted, station.facts.now)
    if reason is None and not chain[0].may_sign:
        reason = "its key may not sign"
    return reason


def _begin(station, request: dict, firmware: dict, signer) -> None:
    from ..signed_update import SignedUpdate

    wanted = {"location": firmware["location"], "retrieveDate": firmware["retrieveDateTime"]}
    for name in ("retries", "retryInterval"):
        if name in request:
            wanted[name] = request[name]
    update.begin(
        station,
        wanted,
        SignedUpdate,
        request_id=request["requestId"],
        install_at=firmware.get("installDateTime", 0),
        algorithm=_text(signer.key_algorithm),
        key=_text(signer.key),
        signature=firmware["signature"],
    )
    station.download.scheduled()


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data).decode().strip()
