"""InstallCertificate (OCPP 1.6 security whitepaper): one more authority to trust. Rejected: it is
no root certificate that this station takes, or the store is full. Failed: flash cannot take it."""

from ...certificates import pem, roots, signatures


def answer(station, request: dict):
    """A generator that returns the payload."""
    kind = request["certificateType"]
    try:
        found = list(pem.blocks(request["certificate"]))
        if len(found) != 1:
            raise ValueError("one certificate in PEM is needed")
        root = roots.Root(None, kind, found[0])
        reason = yield from _reason_to_reject(station, root)
        if reason is None and not _is_trusted(station, root):
            reason = _keep(station, root)
    except ValueError as error:
        reason = str(error)
    except OSError as error:
        station.facts.storage_failed("a root certificate cannot be written: %s" % error)
        return {"status": "Failed"}
    if reason is not None:
        station.facts.log("warn", "InstallCertificate rejected: %s" % reason)
        return {"status": "Rejected"}
    station.facts.log("info", "%s installed, SHA-256 %s" % (kind, root.fingerprint()))
    return {"status": "Accepted"}


def _trusted(station, kind: str) -> list:
    return list(roots.trusted(station.documents, station.facts.credentials.provisioned, kind))


def _is_trusted(station, root) -> bool:
    return any([other.der == root.der for other in _trusted(station, root.kind)])


def _replaces(station, kind: str) -> bool:
    """Does a new root take the place of those that are there?"""
    return (
        kind == roots.CENTRAL
        and station.settings["AdditionalRootCertificateCheck"]
        and len(_trusted(station, kind)) > 0
    )


def _keep(station, root) -> "str | None":
    """Writes it; why not, or None. Of two roots on trial only the newer one stays."""
    root.trial = _replaces(station, root.kind)
    older = [other for other in _trusted(station, root.kind) if root.trial and other.trial]
    most = station.settings["CertificateStoreMaxLength"] + len(older)
    if not roots.add(station.documents, most, root):
        return "the store is full (CertificateStoreMaxLength)"
    for other in older:
        roots.remove(station.documents, other)
    return None


def _reason_to_reject(station, root):
    """A generator; it gives the root its issuer's key, too."""
    new = root.certificate()
    if not new.is_authority or not new.may_sign_certificates:
        return "it is no certificate of an authority"
    if not new.holds_at(station.facts.now):
        return "it is not valid at this time"
    signatures.check_key(new)
    # OCPP 1.6 security whitepaper, AdditionalRootCertificateCheck: the old root signs the new one
    issuers = [] if _replaces(station, root.kind) else [new]
    for other in _trusted(station, root.kind):
        if not other.trial:
            try:
                issuers.append(other.certificate())
            except ValueError:
                pass  # one of the identity's, too odd for us, signs nothing here
    for issuer in issuers:
        yield
        if issuer.subject == new.issuer:
            signed = yield from signatures.is_signed_by(new, issuer)
            if signed:
                root.issuer_key = issuer.key
                return None
    return "neither itself nor a root that may sign it did so"
