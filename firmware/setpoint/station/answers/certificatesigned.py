"""CertificateSigned (OCPP 1.6 security whitepaper): the certificate for the key pair that this
station made. With security profile 3 it is on trial from now on (credentials.py)."""

from ...certificates import own
from ...messaging.security_events import happened
from .. import credentials


def answer(station, request: dict):
    """A generator that returns the payload."""
    facts = station.facts
    text = request["certificateChain"]
    try:
        reason = yield from _taken(station, text)
    except ValueError as error:
        reason = str(error)
    except OSError as error:
        facts.storage_failed("the station's certificate cannot be written: %s" % error)
        return {"status": "Rejected"}
    if reason is None:
        facts.log("info", "the station has a new certificate of its own")
        return {"status": "Accepted"}
    happened(facts, "InvalidChargePointCertificate", reason)
    return {"status": "Rejected"}


def _taken(station, text: str):
    """A generator that returns why not, or None."""
    facts = station.facts
    documents = station.documents
    if len(text) > station.settings["CertificateSignedMaxChainSize"]:
        return "it is longer than CertificateSignedMaxChainSize"
    chain = own.chain_in(text)
    yield
    number = own.waiting(documents, facts.credentials.own_numbers(), chain[0].key)
    if not number:
        return "it is for a key that does not wait for one"
    name = own.read(documents, number)["name"]
    reason = yield from own.reason_to_reject(chain, name, facts.now)
    if reason is None:
        own.keep(documents, number, chain)
        if not credentials.use_certificate(station, number):
            return "flash cannot be written"
    return reason
