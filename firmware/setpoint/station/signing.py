"""SignCertificate (OCPP 1.6 security whitepaper): a key pair for the station's own certificate is
made here, and the central system asked to have it signed. Loaded for that (late.py)."""

from ..certificates import own
from ..messaging.calls import understood


def request_certificate(station):
    """A generator that makes the key pair and asks for its certificate."""
    facts = station.facts
    credentials = facts.credentials
    try:
        request = yield from own.request(
            station.documents,
            credentials.own_numbers(),
            common_name(station.identity),
            station.settings["CpoName"],
            credentials.random,
        )
    except OSError as error:
        facts.storage_failed("a new key pair cannot be written: %s" % error)
        return None

    def answered(payload, error):
        found = understood(facts.log, "SignCertificate", payload, error)
        if found and found.get("status") == "Rejected":
            facts.log("warn", "the central system does not sign this station's certificate")

    station.calls.ask("SignCertificate", {"csr": request}, answered)
    return None


def common_name(identity: dict) -> str:
    """What a certificate names this station by: its serial number, else its id."""
    for name in ("charge_point_serial", "charge_box_serial", "charge_point_id"):
        if identity.get(name):
            return identity[name]
    return "Setpoint"
