"""The configuration keys (OCPP 1.6 chapter 9): type, first value, range, who may write.

Loaded when a key is asked for or written, and for the first values (late.py).
"""

# Name=first value, type, access, rule. Types: b boolean; i integer, lowest, highest; l list, most
# words, allowed words (none: those of the first value); m list of measurands, most words; p list of
# phase rotations of connectors, such as 1.RST, most words; k key of 16 to 20 bytes in hexadecimal
# digits; t text, or an idTag of so many characters. Access: w writable, r read only, x writable and
# never shown.
_TABLE = """
AdditionalRootCertificateCheck=false b r
AllowOfflineTxForUnknownId=false b w
AuthorizationCacheEnabled=true b w
AuthorizationKey= k x
AuthorizeRemoteTxRequests=false b w
CertificateSignedMaxChainSize=5500 i r 1 5500
CertificateStoreMaxLength=4 i r 1 8
ChargeProfileMaxStackLevel=8 i r 1 1000
ChargingScheduleAllowedChargingRateUnit=Current,Power l r 2 Current,Power
ChargingScheduleMaxPeriods=96 i r 1 1000
ClockAlignedDataInterval=0 i w 0 86400
ConnectionTimeOut=60 i w 1 86400
ConnectorPhaseRotation=0.Unknown p w 17
ConnectorPhaseRotationMaxLength=17 i r 17 17
ConnectorSwitch3to1PhaseSupported=false b r
ContactorMinimumClosedSeconds=60 i w 0 3600
ContactorMinimumOpenSeconds=60 i w 0 3600
CpoName= t w
FallbackLimitAfterMinutes=0 i w 0 10080
FallbackLimitAmps=6 i w 0 80
FreeVendActive=false b w
FreeVendIdTag=FREEVEND t w 20
GetConfigurationMaxKeys=80 i r 1 1000
HeartbeatInterval=300 i w 1 604800
LastStart= t r
LocalAuthListEnabled=true b w
LocalAuthListMaxLength=500 i r 1 1000
LocalAuthorizeOffline=true b w
LocalPreAuthorize=false b w
MaxChargingProfilesInstalled=50 i r 1 1000
MaxEnergyOnInvalidId=0 i w 0 1000000
MeterValueSampleInterval=60 i w 0 604800
MeterValuesAlignedData=Energy.Active.Import.Register,Power.Active.Import,Current.Offered m w 7
MeterValuesAlignedDataMaxLength=7 i r 7 7
MeterValuesSampledData=Energy.Active.Import.Register,Power.Active.Import,Power.Offered,Current.Import,Current.Offered,Voltage,Temperature m w 7
MeterValuesSampledDataMaxLength=7 i r 7 7
MinimumStatusDuration=0 i w 0 3600
NumberOfConnectors=1 i r 1 16
RandomDelayMax=0 i w 0 1800
ReserveConnectorZeroSupported=true b r
ResetRetries=1 i w 0 10
ResumeTransactionAfterPowerLoss=true b w
SecurityProfile=0 i w 0 3
SendLocalListMaxLength=32 i r 1 1000
StopTransactionOnEVSideDisconnect=true b w
StopTransactionOnInvalidId=true b w
StopTxnAlignedData= m w 7
StopTxnAlignedDataMaxLength=7 i r 7 7
StopTxnSampledData= m w 7
StopTxnSampledDataMaxLength=7 i r 7 7
SupportedFeatureProfiles=Core,FirmwareManagement,LocalAuthListManagement,RemoteTrigger,Reservation,SmartCharging l r 6
SupportedFeatureProfilesMaxLength=6 i r 6 6
SupportedFileTransferProtocols=FTP,HTTP,HTTPS l r 3
SurplusCharging=false b w
SurplusMinimumAmps=0 i w 0 80
SurplusStartAfterSeconds=60 i w 0 3600
SurplusStopAfterSeconds=180 i w 0 3600
TransactionMessageAttempts=3 i w 1 1000
TransactionMessageRetryInterval=60 i w 0 86400
UnlockConnectorOnEVSideDisconnect=true b w
WakeUpAfterSeconds=0 i w 0 3600
WebSocketPingInterval=30 i w 0 86400
"""
_MEASURANDS = "Energy.Active.Import.Register,Power.Active.Import,Power.Offered,Current.Import,Current.Offered,Voltage,Temperature"


def _row(name: str) -> "list[str]":
    """[first value, type, access, ...] of a key that is in the table."""
    start = _TABLE.index("\n%s=" % name) + len(name) + 2
    return _TABLE[start : _TABLE.index("\n", start)].split(" ")


def names():
    """Yields all keys, by name."""
    start = 1
    while start < len(_TABLE):
        yield _TABLE[start : _TABLE.index("=", start)]
        start = _TABLE.index("\n", start) + 1


def name_of(name: str) -> "str | None":
    """The key as it is spelt in the standard; upper and lower case do not count."""
    lowered = name.lower()
    for known in names():
        if known.lower() == lowered:
            return known
    return None


def writable(name: str) -> bool:
    return _row(name)[2] != "r"


def readable(name: str) -> bool:
    return _row(name)[2] != "x"


def first_value(name: str):
    return value_of(name, _row(name)[0])


def value_of(name: str, text: str):
    """The value that `text` means for a key, or None where the key cannot take it."""
    row = _row(name)
    kind = row[1]
    text = text.strip()
    if kind == "b":
        text = text.lower()
        return text == "true" if text in ("true", "false") else None
    if kind == "i":
        try:
            number = int(text)
        except ValueError:
            return None
        return number if int(row[3]) <= number <= int(row[4]) else None
    if kind == "k":
        digits = len([b for b in text.encode() if b in b"0123456789abcdefABCDEF"])
        return text if digits == len(text) and digits in (32, 34, 36, 38, 40) else None
    if kind == "t":
        return text if len(row) < 4 or _is_id_tag(text, int(row[3])) else None
    words = [word.strip() for word in text.split(",")] if text else []
    if len(words) > int(row[3]):
        return None
    if kind == "p":
        return ",".join(words) if all([_is_rotation(word) for word in words]) else None
    allowed = row[-1 if len(row) > 4 else 0].split(",")
    for word in words:
        if word not in allowed if kind == "l" else not _is_measurand(word):
            return None
    return ",".join(words)


def _is_measurand(word: str) -> bool:
    """One of ours, or what one of its phases is measured by: Voltage.L1 (OCPP 1.6, 9.1)."""
    name, _, phase = word.rpartition(".")
    if name == "Voltage" and phase[2:] == "-N":
        phase = phase[:2]
    return word in _MEASURANDS.split(",") or (
        name in ("Current.Import", "Voltage") and phase in ("L1", "L2", "L3")
    )


def _is_id_tag(text: str, most: int) -> bool:
    """A CiString: printable ASCII."""
    return 0 < len(text) <= most and all([0x20 <= ord(c) < 0x7F for c in text])


def _is_rotation(word: str) -> bool:
    connector, _, rotation = word.partition(".")
    return (
        connector.isdigit() and rotation in "NotApplicable Unknown RST RTS SRT STR TRS TSR".split()
    )


def text_of(value) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    return str(value)


def values_of(given: dict, source: str) -> "tuple[dict, list[str]]":
    """The values that are given as texts, and sentences about those that cannot be; source: what
    gave them, for the sentences."""
    values = {}
    problems = []
    for name in given:
        text = str(given[name])
        known = name_of(name)
        value = None if known is None else value_of(known, text)
        if value is None:
            if known is not None and not readable(known):
                text = "what it is"
            problems.append("%s: key %s cannot be %r and is ignored" % (source, name, text))
        else:
            values[known] = value
    return values, problems
