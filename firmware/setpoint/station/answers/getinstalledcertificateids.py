"""GetInstalledCertificateIds (OCPP 1.6 security whitepaper)."""

from ...certificates import hash_data, roots


def answer(station, request: dict):
    """A generator that returns the payload."""
    provisioned = station.facts.credentials.provisioned
    found = []
    for root in roots.trusted(station.documents, provisioned, request["certificateType"]):
        yield
        try:
            certificate = root.certificate()
        except ValueError:  # one of the identity's; Mbed TLS may take what is too odd for us
            continue
        issuer_key = root.issuer_key or certificate.key
        found.append((yield from hash_data.hash_data_of(certificate, issuer_key, "SHA256")))
    if not found:
        return {"status": "NotFound"}
    return {"status": "Accepted", "certificateHashData": found}
