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
    "CancelReservation CertificateSigned ChangeAvailability ChangeConfiguration ClearCache"
    " ClearChargingProfile DataTransfer DeleteCertificate ExtendedTriggerMessage"
    " GetCompositeSchedule GetConfiguration GetDiagnostics GetInstalledCertificateIds"
    " GetLocalListVersion GetLog InstallCertificate RemoteStartTransaction"
    " RemoteStopTransaction ReserveNow Reset SendLocalList SetChargingProfile"
    " SignedUpdateFirmware TriggerMessage UnlockConnector UpdateFirmware"
)

# The other actions of OCPP 1.6 and of the security whitepaper: only a station sends them.
KNOWN_BUT_NOT_SUPPORTED = (
    "Authorize BootNotification DiagnosticsStatusNotification FirmwareStatusNotification"
    " Heartbeat LogStatusNotification MeterValues SecurityEventNotification SignCertificate"
    " SignedFirmwareStatusNotification StartTransaction StatusNotification StopTransaction"
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
    if action == "ReserveNow":
        return (
            required("connectorId", INTEGER),
            required("expiryDate", INSTANT),
            required("idTag", string(20)),
            optional("parentIdTag", string(20)),
            required("reservationId", INTEGER),
        )
    if action == "CancelReservation":
        return (required("reservationId", INTEGER),)
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
    if action == "UpdateFirmware":
        return (
            required("location", string()),
            optional("retries", INTEGER),
            required("retrieveDate", INSTANT),
            optional("retryInterval", INTEGER),
        )
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
    if action == "ExtendedTriggerMessage":
        return (
            required(
                "requestedMessage",
                one_of(
                    "BootNotification",
                    "LogStatusNotification",
                    "FirmwareStatusNotification",
                    "Heartbeat",
                    "MeterValues",
                    "SignChargePointCertificate",
                    "StatusNotification",
                ),
            ),
            optional("connectorId", INTEGER),
        )
    if action == "InstallCertificate":
        return (
            required("certificateType", _certificate_type()),
            required("certificate", string(5500)),
        )
    if action == "GetInstalledCertificateIds":
        return (required("certificateType", _certificate_type()),)
    if action == "DeleteCertificate":
        hash_data = (
            required("hashAlgorithm", one_of("SHA256", "SHA384", "SHA512")),
            required("issuerNameHash", string(128)),
            required("issuerKeyHash", string(128)),
            required("serialNumber", string(40)),
        )
        return (required("certificateHashData", object_of(hash_data)),)
    if action == "SignedUpdateFirmware":
        firmware = (
            required("location", string(512)),
            required("retrieveDateTime", INSTANT),
            optional("installDateTime", INSTANT),
            required("signingCertificate", string(5500)),
            required("signature", string(800)),
        )
        return (
            optional("retries", INTEGER),
            optional("retryInterval", INTEGER),
            required("requestId", INTEGER),
            required("firmware", object_of(firmware)),
        )
    if action == "CertificateSigned":
        return (required("certificateChain", string(10000)),)
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


def _certificate_type() -> tuple:
    return one_of("CentralSystemRootCertificate", "ManufacturerRootCertificate")


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
