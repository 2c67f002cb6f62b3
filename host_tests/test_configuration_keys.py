"""docs/configuration-keys.md lists every key, with the first value and the access that the
firmware's table gives it."""

import re
from pathlib import Path

from setpoint.station import keys

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration-keys.md"

CORE = (
    "AllowOfflineTxForUnknownId AuthorizationCacheEnabled AuthorizeRemoteTxRequests ClockAlignedDataInterval ConnectionTimeOut"
    " ConnectorPhaseRotation GetConfigurationMaxKeys HeartbeatInterval LocalAuthorizeOffline LocalPreAuthorize"
    " MaxEnergyOnInvalidId MeterValuesAlignedData MeterValuesSampledData MeterValueSampleInterval MinimumStatusDuration"
    " NumberOfConnectors ResetRetries StopTransactionOnEVSideDisconnect StopTransactionOnInvalidId StopTxnAlignedData"
    " StopTxnSampledData SupportedFeatureProfiles TransactionMessageAttempts TransactionMessageRetryInterval"
    " UnlockConnectorOnEVSideDisconnect WebSocketPingInterval ChargeProfileMaxStackLevel"
    " ChargingScheduleAllowedChargingRateUnit ChargingScheduleMaxPeriods ConnectorSwitch3to1PhaseSupported"
    " MaxChargingProfilesInstalled LocalAuthListEnabled LocalAuthListMaxLength SendLocalListMaxLength"
    " ConnectorPhaseRotationMaxLength MeterValuesAlignedDataMaxLength"
    " MeterValuesSampledDataMaxLength StopTxnAlignedDataMaxLength StopTxnSampledDataMaxLength"
    " SupportedFeatureProfilesMaxLength ReserveConnectorZeroSupported"
).split()  # OCPP 1.6 edition 2, chapter 9; the page says why BlinkRepeat and LightIntensity are not


def test_the_page_and_the_firmware_list_the_same_keys():
    rows = re.findall(
        r"^\| `(\w+)` \| ([^|]*) \| [^|]*\| (yes|no) \| (\S[^|]*) \|$",
        PAGE.read_text(),
        re.MULTILINE,
    )
    found = {
        name: (first.replace(", ", ",").replace("(nothing)", ""), access)
        for name, first, access, _ in rows
    }
    assert list(found) == list(keys.names())
    for name, (first, access) in found.items():
        value = keys.first_value(name)
        assert ("" if value is None else keys.text_of(value)) == first, name
        assert keys.writable(name) == (access == "yes"), name


def test_one_answer_can_name_every_key():
    assert len(list(keys.names())) <= keys.first_value("GetConfigurationMaxKeys")


def test_every_key_of_the_profiles_that_are_built_in_is_there():
    assert [name for name in CORE if name not in keys.names()] == []
