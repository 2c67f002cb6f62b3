"""DeleteCertificate (OCPP 1.6 security whitepaper): an authority that is trusted no more. Failed:
the connection depends on it, or flash cannot be written."""

from ...certificates import hash_data, roots


def answer(station, request: dict):
    """A generator that returns the payload."""
    wanted = request["certificateHashData"]
    credentials = station.facts.credentials
    for root in roots.trusted(station.documents, credentials.provisioned):
        yield
        try:
            certificate = root.certificate()
        except ValueError:
            continue
        named = yield from hash_data.is_named(
            certificate, root.issuer_key or certificate.key, wanted
        )
        if named:
            return {"status": _delete(station, root)}
    return {"status": "NotFound"}


def _delete(station, root) -> str:
    facts = station.facts
    credentials = facts.credentials
    reason = None
    if root.kind == roots.CENTRAL:
        if root.fingerprint() == credentials.root:
            reason = "the connection depends on it"
        elif credentials.now[0] >= 2:
            left = roots.trusted(station.documents, credentials.provisioned, roots.CENTRAL)
            if len(list(left)) < 2:
                reason = "it is the last one"
    if reason is None:
        try:
            roots.remove(station.documents, root)
            facts.log("info", "%s removed, SHA-256 %s" % (root.kind, root.fingerprint()))
            return "Accepted"
        except OSError as error:
            facts.storage_failed("a root certificate cannot be removed: %s" % error)
    else:
        facts.log("warn", "DeleteCertificate failed: %s" % reason)
    return "Failed"
