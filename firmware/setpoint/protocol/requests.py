"""The fields of every request that a charge point may receive (OCPP 1.6, section 6). answers.py has
the answers that it reads.

A test compares these tables with the official JSON schemas. They deviate on purpose in two points:
minChargingRate is checked and left out, since it raises no limit (R27), and integers that do not
fit 32 bits are refused. Each table is made when it is asked for: together they would take a
kilobyte of heap.
"""

from . import errors
from .errors import OcppError
from .fields import (
    INSTANT,
    INTEGER,
    TENTHS,
    UNUSED_TENTHS,
    list_of,
    object_of,
    one_of,
    optional,
    required,
    string,
)

ACTIONS = (
    "ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile DataTransfer"
    " GetCompositeSchedule GetConfiguration GetDiagnostics GetLocalListVersion GetLog"
    " RemoteStartTransaction RemoteStopTransaction Reset SendLocalList SetChargingProfile"
    " TriggerMessage UnlockConnector"
)

# The other actions of OCPP 1.6: other feature profiles, the security extension, and what only a
# station sends.
KNOWN_BUT_NOT_SUPPORTED = (
    "Authorize BootNotification CancelReservation CertificateSigned DeleteCertificate"
    " DiagnosticsStatusNotification ExtendedTriggerMessage FirmwareStatusNotification"
    " GetInstalledCertificateIds Heartbeat InstallCertificate LogStatusNotification"
    " MeterValues ReserveNow SecurityEventNotification SignCertificate"
    " SignedFirmwareStatusNotification SignedUpdateFirmware StartTransaction"
    " StatusNotification StopTransaction UpdateFirmware"
)

_last = [None, None]  # action and table: made when it is asked for; only the last one is kept


def spec_for(action: str) -> tuple:
    """The table of a request's fields; OcppError NotSupported or NotImplemented where there is
    none."""
    if _last[0] != action:
        table = _request(action)
        _last[0], _last[1] = action, table
    return _last[1]


def _request(action: str) -> tuple:
    if action == "SetChargingProfile":
        return (
            required("connectorId", INTEGER),
            required("csChargingProfiles", _charging_profile()),
        )
    if action == "GetCompositeSchedule":
        return (
            required("connectorId", INTEGER),
            required("duration", INTEGER),
            optional("chargingRateUnit", one_of("A", "W")),
        )
    if action == "ClearChargingProfile":
        return (
            optional("id", INTEGER),
            optional("connectorId", INTEGER),
            optional("chargingProfilePurpose", _purpose()),
            optional("stackLevel", INTEGER),
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
    if action == "GetDiagnostics":
        return (
            required("location", string()),
            optional("retries", INTEGER),
            optional("retryInterval", INTEGER),
            optional("startTime", INSTANT),
            optional("stopTime", INSTANT),
        )
    if action == "GetLog":
        log = (
            required("remoteLocation", string(512)),
            optional("oldestTimestamp", INSTANT),
            optional("latestTimestamp", INSTANT),
        )
        return (
            required("logType", one_of("DiagnosticsLog", "SecurityLog")),
            required("requestId", INTEGER),
            required("log", object_of(log)),
            optional("retries", INTEGER),
            optional("retryInterval", INTEGER),
        )
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
    if action == "SendLocalList":
        card = (
            required("idTag", string(20)),
            optional("idTagInfo", id_tag_info()),
        )
        return (
            required("listVersion", INTEGER),
            optional("localAuthorizationList", list_of(object_of(card))),
            required("updateType", one_of("Differential", "Full")),
        )
    if action in ("ClearCache", "GetLocalListVersion"):
        return ()
    if action.isalpha() and " %s " % action in " %s " % KNOWN_BUT_NOT_SUPPORTED:
        raise OcppError(errors.NOT_SUPPORTED, "this charge point does not support " + action)
    raise OcppError(errors.NOT_IMPLEMENTED, "OCPP 1.6 has no action of this name")


def id_tag_info() -> tuple:
    """The kind of an idTagInfo."""
    return object_of(
        (
            required("status", one_of("Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx")),
            optional("expiryDate", INSTANT),
            optional("parentIdTag", string(20)),
        )
    )


def _purpose() -> tuple:
    """The kind of a chargingProfilePurpose."""
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
