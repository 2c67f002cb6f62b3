"""The fields of every request that a charge point may receive, and of the answers that it reads (OCPP 1.6, section 6).

A test compares these tables with the official JSON schemas. Two deviations, both on purpose: minChargingRate is checked
and left out (nothing uses it), and integers that do not fit 32 bits are refused.
"""

from . import errors
from .errors import OcppError
from .fields import INSTANT, INTEGER, TENTHS, UNUSED_TENTHS, list_of, object_of, one_of, optional, required, string

_PURPOSE = one_of("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile")
_UNIT = one_of("A", "W")

CHARGING_SCHEDULE_PERIOD = (
    required("startPeriod", INTEGER),
    required("limit", TENTHS),
    optional("numberPhases", INTEGER),
)

CHARGING_SCHEDULE = (
    optional("duration", INTEGER),
    optional("startSchedule", INSTANT),
    required("chargingRateUnit", _UNIT),
    required("chargingSchedulePeriod", list_of(object_of(CHARGING_SCHEDULE_PERIOD))),
    optional("minChargingRate", UNUSED_TENTHS),
)

CHARGING_PROFILE = (
    required("chargingProfileId", INTEGER),
    optional("transactionId", INTEGER),
    required("stackLevel", INTEGER),
    required("chargingProfilePurpose", _PURPOSE),
    required("chargingProfileKind", one_of("Absolute", "Recurring", "Relative")),
    optional("recurrencyKind", one_of("Daily", "Weekly")),
    optional("validFrom", INSTANT),
    optional("validTo", INSTANT),
    required("chargingSchedule", object_of(CHARGING_SCHEDULE)),
)

ACTIONS = {
    "ChangeAvailability": (
        required("connectorId", INTEGER),
        required("type", one_of("Inoperative", "Operative")),
    ),
    "ChangeConfiguration": (
        required("key", string(50)),
        required("value", string(500)),
    ),
    "ClearCache": (),
    "ClearChargingProfile": (
        optional("id", INTEGER),
        optional("connectorId", INTEGER),
        optional("chargingProfilePurpose", _PURPOSE),
        optional("stackLevel", INTEGER),
    ),
    "DataTransfer": (
        required("vendorId", string(255)),
        optional("messageId", string(50)),
        optional("data", string()),
    ),
    "GetCompositeSchedule": (
        required("connectorId", INTEGER),
        required("duration", INTEGER),
        optional("chargingRateUnit", _UNIT),
    ),
    "GetConfiguration": (optional("key", list_of(string(50))),),
    "RemoteStartTransaction": (
        optional("connectorId", INTEGER),
        required("idTag", string(20)),
        optional("chargingProfile", object_of(CHARGING_PROFILE)),
    ),
    "RemoteStopTransaction": (required("transactionId", INTEGER),),
    "Reset": (required("type", one_of("Hard", "Soft")),),
    "SetChargingProfile": (
        required("connectorId", INTEGER),
        required("csChargingProfiles", object_of(CHARGING_PROFILE)),
    ),
    "TriggerMessage": (
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
    ),
    "UnlockConnector": (required("connectorId", INTEGER),),
}

# What OCPP 1.6 has besides: other feature profiles, the security extension, and what only a station sends.
# One text, because it costs a quarter of what a list of names does.
KNOWN_BUT_NOT_SUPPORTED = (
    " Authorize BootNotification CancelReservation CertificateSigned DeleteCertificate"
    " DiagnosticsStatusNotification ExtendedTriggerMessage FirmwareStatusNotification GetDiagnostics"
    " GetInstalledCertificateIds GetLocalListVersion GetLog Heartbeat InstallCertificate LogStatusNotification"
    " MeterValues ReserveNow SecurityEventNotification SendLocalList SignCertificate"
    " SignedFirmwareStatusNotification SignedUpdateFirmware StartTransaction StatusNotification StopTransaction"
    " UpdateFirmware "
)

_ID_TAG_INFO = object_of(
    (
        required("status", one_of("Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx")),
        optional("expiryDate", INSTANT),
        optional("parentIdTag", string(20)),
    )
)

# The answers that the station reads something from; of the others only their arrival counts.
ANSWERS = {
    "Authorize": (required("idTagInfo", _ID_TAG_INFO),),
    "BootNotification": (
        required("status", one_of("Accepted", "Pending", "Rejected")),
        required("currentTime", INSTANT),
        required("interval", INTEGER),
    ),
    "DataTransfer": (
        required("status", one_of("Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId")),
        optional("data", string()),
    ),
    "Heartbeat": (required("currentTime", INSTANT),),
    "StartTransaction": (
        required("idTagInfo", _ID_TAG_INFO),
        required("transactionId", INTEGER),
    ),
    "StopTransaction": (optional("idTagInfo", _ID_TAG_INFO),),
}


def spec_for(action: str) -> tuple:
    """The table of a request's fields; OcppError NotSupported or NotImplemented where there is none."""
    table = ACTIONS.get(action)
    if table is not None:
        return table
    if action.isalpha() and " %s " % action in KNOWN_BUT_NOT_SUPPORTED:
        raise OcppError(errors.NOT_SUPPORTED, "this charge point does not support " + action)
    raise OcppError(errors.NOT_IMPLEMENTED, "OCPP 1.6 has no action of this name")
