"""The fields of every request that a charge point may receive, and of the answers that it reads (OCPP 1.6, section 6).

A test compares these tables with the official JSON schemas. Two deviations, both on purpose: minChargingRate is checked
and left out (nothing uses it), and integers that do not fit 32 bits are refused.
"""

from . import errors
from .errors import OcppError
from .fields import INSTANT, INTEGER, TENTHS, UNUSED_TENTHS, list_of, object_of, one_of, optional, required, string

# Each table is made when it is asked for, and only the last one is kept: all of them together would take 4 KB of heap.

ACTIONS = (
    "ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile DataTransfer GetCompositeSchedule"
    " GetConfiguration RemoteStartTransaction RemoteStopTransaction Reset SetChargingProfile TriggerMessage UnlockConnector"
)

# What OCPP 1.6 has besides: other feature profiles, the security extension, and what only a station sends.
KNOWN_BUT_NOT_SUPPORTED = (
    "Authorize BootNotification CancelReservation CertificateSigned DeleteCertificate"
    " DiagnosticsStatusNotification ExtendedTriggerMessage FirmwareStatusNotification GetDiagnostics"
    " GetInstalledCertificateIds GetLocalListVersion GetLog Heartbeat InstallCertificate LogStatusNotification"
    " MeterValues ReserveNow SecurityEventNotification SendLocalList SignCertificate"
    " SignedFirmwareStatusNotification SignedUpdateFirmware StartTransaction StatusNotification StopTransaction"
    " UpdateFirmware"
)

# The answers that the station reads something from; of the others only their arrival counts.
ANSWERS = "Authorize BootNotification DataTransfer Heartbeat StartTransaction StopTransaction"

_last = [None, None]  # action and table


def spec_for(action: str) -> tuple:
    """The table of a request's fields; OcppError NotSupported or NotImplemented where there is none."""
    if _last[0] != action:
        table = _request(action)
        if table is None:
            if _stands_in(action, KNOWN_BUT_NOT_SUPPORTED):
                raise OcppError(errors.NOT_SUPPORTED, "this charge point does not support " + action)
            raise OcppError(errors.NOT_IMPLEMENTED, "OCPP 1.6 has no action of this name")
        _last[0], _last[1] = action, table
    return _last[1]


def _stands_in(action: str, words: str) -> bool:
    return action.isalpha() and " %s " % action in " %s " % words


def _request(action: str) -> "tuple | None":
    if action == "SetChargingProfile":
        return (
            required("connectorId", INTEGER),
            required("csChargingProfiles", _charging_profile()),
        )
    if action == "ClearChargingProfile":
        return (
            optional("id", INTEGER),
            optional("connectorId", INTEGER),
            optional("chargingProfilePurpose", _purpose()),
            optional("stackLevel", INTEGER),
        )
    if action == "GetCompositeSchedule":
        return (
            required("connectorId", INTEGER),
            required("duration", INTEGER),
            optional("chargingRateUnit", one_of("A", "W")),
        )
    if action == "RemoteStartTransaction":
        return (
            optional("connectorId", INTEGER),
            required("idTag", string(20)),
            optional("chargingProfile", _charging_profile()),
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
    return None


def _purpose() -> tuple:
    return one_of("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")


def _charging_profile() -> tuple:
    period = (
        required("startPeriod", INTEGER),
        required("limit", TENTHS),
        optional("numberPhases", INTEGER),
    )
    schedule = (
        optional("duration", INTEGER),
        optional("startSchedule", INSTANT),
        required("chargingRateUnit", one_of("A", "W")),
        required("chargingSchedulePeriod", list_of(object_of(period))),
        optional("minChargingRate", UNUSED_TENTHS),
    )
    profile = (
        required("chargingProfileId", INTEGER),
        optional("transactionId", INTEGER),
        required("stackLevel", INTEGER),
        required("chargingProfilePurpose", _purpose()),
        required("chargingProfileKind", one_of("Absolute", "Recurring", "Relative")),
        optional("recurrencyKind", one_of("Daily", "Weekly")),
        optional("validFrom", INSTANT),
        optional("validTo", INSTANT),
        required("chargingSchedule", object_of(schedule)),
    )
    return object_of(profile)


def answer_spec_for(action: str) -> tuple:
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
