"""The fields of the answers that a charge point reads (OCPP 1.6, section 6). Of the others only the
arrival counts.

A test compares these tables with the official JSON schemas.
"""

from .fields import INTEGER, TIME, one_of, optional, required, string
from .requests import id_tag_info

ANSWERS = "Authorize BootNotification DataTransfer Heartbeat SignCertificate StartTransaction StopTransaction"


def answer_spec_for(action: str) -> tuple:
    """The table of the fields of an answer."""
    if action == "BootNotification":
        return (
            required("status", one_of("Accepted", "Pending", "Rejected")),
            required("currentTime", TIME),
            required("interval", INTEGER),
        )
    if action == "Heartbeat":
        return (required("currentTime", TIME),)
    if action == "DataTransfer":
        return (
            required(
                "status", one_of("Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId")
            ),
            optional("data", string()),
        )
    if action == "SignCertificate":
        return (required("status", one_of("Accepted", "Rejected")),)
    if action == "StartTransaction":
        return (
            required("idTagInfo", id_tag_info()),
            required("transactionId", INTEGER),
        )
    if action == "StopTransaction":
        return (optional("idTagInfo", id_tag_info()),)
    return (required("idTagInfo", id_tag_info()),)  # Authorize
