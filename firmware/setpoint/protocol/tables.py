"""The fields of the requests and answers that come seldom (OCPP 1.6, section 6). Each table is made
when it is asked for: together they would take a kilobyte of heap.
"""

from . import errors
from .errors import OcppError
from .fields import INSTANT, INTEGER, list_of, object_of, one_of, optional, required, string

ACTIONS = (
    "ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile DataTransfer GetCompositeSchedule"
    " GetConfiguration RemoteStartTransaction RemoteStopTransaction Reset SetChargingProfile TriggerMessage UnlockConnector"
)

# The other actions of OCPP 1.6: other feature profiles, the security extension, and what only a
# station sends.
KNOWN_BUT_NOT_SUPPORTED = (
    "Authorize BootNotification CancelReservation CertificateSigned DeleteCertificate"
    " DiagnosticsStatusNotification ExtendedTriggerMessage FirmwareStatusNotification GetDiagnostics"
    " GetInstalledCertificateIds GetLocalListVersion GetLog Heartbeat InstallCertificate LogStatusNotification"
    " MeterValues ReserveNow SecurityEventNotification SendLocalList SignCertificate"
    " SignedFirmwareStatusNotification SignedUpdateFirmware StartTransaction StatusNotification StopTransaction"
    " UpdateFirmware"
)

# The answers whose fields the station reads. Of the others only the arrival counts.
ANSWERS = "Authorize BootNotification DataTransfer Heartbeat StartTransaction StopTransaction"


def purpose() -> tuple:
    """The kind of a chargingProfilePurpose."""
    return one_of("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")


def request_table(action: str, charging_profile) -> tuple:
    """The table of a request's fields; OcppError NotSupported or NotImplemented where there is none.

    charging_profile() answers the kind of a chargingProfile.
    """
    if action == "ClearChargingProfile":
        return (
            optional("id", INTEGER),
            optional("connectorId", INTEGER),
            optional("chargingProfilePurpose", purpose()),
            optional("stackLevel", INTEGER),
        )
    if action == "RemoteStartTransaction":
        return (
            optional("connectorId", INTEGER),
            required("idTag", string(20)),
            optional("chargingProfile", charging_profile()),
        )
    if action == "RemoteStopTransaction":
        return (required("transactionId", INTEGER),)
    if action == "TriggerMessage":
        return (
            required(
                "requestedMessage",
                one_of(
                    "BootNotification",
                    "DiagnosticsStatusNotification",
                    "FirmwareStatusNotification",
                    "Heartbeat",
                    "MeterValues",
                    "StatusNotification",
                ),
            ),
            optional("connectorId", INTEGER),
        )
    if action == "GetConfiguration":
        return (optional("key", list_of(string(50))),)
    if action == "ChangeConfiguration":
        return (
            required("key", string(50)),
            required("value", string(500)),
        )
    if action == "DataTransfer":
        return (
            required("vendorId", string(255)),
            optional("messageId", string(50)),
            optional("data", string()),
        )
    if action == "Reset":
        return (required("type", one_of("Hard", "Soft")),)
    if action == "ChangeAvailability":
        return (
            required("connectorId", INTEGER),
            required("type", one_of("Inoperative", "Operative")),
        )
    if action == "UnlockConnector":
        return (required("connectorId", INTEGER),)
    if action == "ClearCache":
        return ()
    if action.isalpha() and " %s " % action in " %s " % KNOWN_BUT_NOT_SUPPORTED:
        raise OcppError(errors.NOT_SUPPORTED, "this charge point does not support " + action)
    raise OcppError(errors.NOT_IMPLEMENTED, "OCPP 1.6 has no action of this name")


def answer_table(action: str) -> tuple:
    """The table of the fields of an answer."""
    if action == "BootNotification":
        return (
            required("status", one_of("Accepted", "Pending", "Rejected")),
            required("currentTime", INSTANT),
            required("interval", INTEGER),
        )
    if action == "Heartbeat":
        return (required("currentTime", INSTANT),)
    if action == "DataTransfer":
        return (
            required("status", one_of("Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId")),
            optional("data", string()),
        )
    id_tag_info = object_of(
        (
            required("status", one_of("Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx")),
            optional("expiryDate", INSTANT),
            optional("parentIdTag", string(20)),
        )
    )
    if action == "StartTransaction":
        return (
            required("idTagInfo", id_tag_info),
            required("transactionId", INTEGER),
        )
    if action == "StopTransaction":
        return (optional("idTagInfo", id_tag_info),)
    return (required("idTagInfo", id_tag_info),)  # Authorize
