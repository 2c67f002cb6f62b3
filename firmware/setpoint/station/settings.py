"""Configuration keys (OCPP 1.6 chapter 9): type, first value, range, who may write.

A key that is listed here has its effect. Values that a central system wrote survive a restart; first values
come from the board or the table, in this order.
"""

_INT, _BOOL, _LIST, _TEXT = "int", "bool", "list", "text"

_MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Power.Offered",
    "Current.Import",
    "Current.Offered",
)
_RATE_UNITS = ("Current", "Power")
_PROFILES = ("Core", "RemoteTrigger", "SmartCharging")

# name: (type, first value, writable, lowest or allowed words, highest or most words)
KEYS = {
    "AllowOfflineTxForUnknownId": (_BOOL, False, True, None, None),
    "AuthorizeRemoteTxRequests": (_BOOL, False, True, None, None),
    "ChargeProfileMaxStackLevel": (_INT, 8, False, 1, 1000),
    "ChargingScheduleAllowedChargingRateUnit": (_LIST, "Current,Power", False, _RATE_UNITS, 2),
    "ChargingScheduleMaxPeriods": (_INT, 96, False, 1, 1000),
    "ConnectionTimeOut": (_INT, 60, True, 1, 86400),
    "ConnectorSwitch3to1PhaseSupported": (_BOOL, False, False, None, None),
    "FallbackLimitAfterMinutes": (_INT, 0, True, 0, 10080),
    "FallbackLimitAmps": (_INT, 6, True, 0, 80),
    "GetConfigurationMaxKeys": (_INT, 50, False, 1, 1000),
    "HeartbeatInterval": (_INT, 300, True, 1, 604800),
    "MaxChargingProfilesInstalled": (_INT, 50, False, 1, 1000),
    "MeterValueSampleInterval": (_INT, 60, True, 0, 604800),
    "MeterValuesSampledData": (
        _LIST,
        "Energy.Active.Import.Register,Power.Active.Import,Current.Offered",
        True,
        _MEASURANDS,
        len(_MEASURANDS),
    ),
    "MinimumStatusDuration": (_INT, 0, True, 0, 3600),
    "NumberOfConnectors": (_INT, 1, False, 1, 16),
    "ResumeTransactionAfterPowerLoss": (_BOOL, True, True, None, None),
    "StopTransactionOnEVSideDisconnect": (_BOOL, True, True, None, None),
    "StopTransactionOnInvalidId": (_BOOL, True, True, None, None),
    "SupportedFeatureProfiles": (_LIST, ",".join(_PROFILES), False, _PROFILES, len(_PROFILES)),
    "TransactionMessageAttempts": (_INT, 3, True, 1, 1000),
    "TransactionMessageRetryInterval": (_INT, 60, True, 0, 86400),
    "WebSocketPingInterval": (_INT, 30, True, 0, 86400),
}


def _value_of(name: str, text: str):
    """The value that `text` means for a key, or None where the key cannot take it."""
    kind, _, _, low, high = KEYS[name]
    if kind == _BOOL:
        lowered = text.strip().lower()
        return lowered == "true" if lowered in ("true", "false") else None
    if kind == _INT:
        try:
            number = int(text.strip())
        except ValueError:
            return None
        return number if low <= number <= high else None
    if kind == _LIST:
        words = [word.strip() for word in text.split(",") if word.strip()]
        if len(words) > high or any(word not in low for word in words):
            return None
        return ",".join(words)
    return text if len(text) <= 500 else None


def _text_of(value) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    return str(value)


class Settings:
    """The keys of one station. `first` overrides first values; `stored` is what a central system wrote."""

    def __init__(self, first: dict, stored: "dict | None") -> None:
        self._values = {}
        self._written = {}
        self.problems = []  # sentences
        for name in KEYS:
            self._values[name] = KEYS[name][1]
        for source, values in (("the first values", first), ("the stored values", stored or {})):
            for name in values:
                self._take(name, str(values[name]), source)
        for name in stored or {}:
            if name in KEYS:
                self._written[name] = self.text(name)

    def _take(self, name: str, text: str, source: str) -> None:
        known = self.name_of(name)
        value = None if known is None else _value_of(known, text)
        if value is None:
            self.problems.append("%s: key %s cannot be %r and is ignored" % (source, name, text))
        else:
            self._values[known] = value

    def __getitem__(self, name: str):
        return self._values[name]

    def name_of(self, name: str) -> "str | None":
        """The key as it is spelt in the standard; upper and lower case do not count."""
        if name in KEYS:
            return name
        lowered = name.lower()
        for known in KEYS:
            if known.lower() == lowered:
                return known
        return None

    def names(self) -> "list[str]":
        return sorted(KEYS)

    def text(self, name: str) -> str:
        return _text_of(self._values[name])

    def writable(self, name: str) -> bool:
        return KEYS[name][2]

    def words(self, name: str) -> "list[str]":
        return self._values[name].split(",") if self._values[name] else []

    def document_with(self, name: str, text: str) -> "dict | None":
        """What to store for a new value, None where the key cannot take it. Changes nothing: see `take`."""
        value = _value_of(name, text)
        if value is None:
            return None
        document = dict(self._written)
        document[name] = _text_of(value)
        return document

    def take(self, document: dict) -> None:
        """The stored document is in force."""
        self._written = document
        for name in document:
            self._values[name] = _value_of(name, document[name])

    def adopt(self, name: str, value) -> None:
        """A value for this run only (the heartbeat interval of BootNotification.conf)."""
        self._values[name] = value
