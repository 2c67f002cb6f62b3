"""BootNotification until it is accepted, then Heartbeat (OCPP 1.6, 4.2 and 4.6).

Asked once a power-up: a connection that comes back goes on as it was. Before Accepted nothing else is
sent, except what a TriggerMessage asks for while Pending.
"""

from micropython import const

_RETRY_S = const(30)  # where the central system gives no interval, or no usable answer
_EARLIEST = const(-1577836800)  # 1970: a date before it is the one of a central system that has none to tell
_LATEST = const(1 << 30)  # 2054: what comes after it no chip's own clock can be set to

_LONGEST = const((
    ("chargePointVendor", "vendor", 20),
    ("chargePointModel", "model", 20),
    ("firmwareVersion", "firmware", 50),
    ("chargeBoxSerialNumber", "charge_box_serial", 25),
    ("chargePointSerialNumber", "charge_point_serial", 25),
))


class Registration:
    """`station`: the object whose `ask`, `actions`, `reports` and `settings` are used."""

    def __init__(self, station, identity: dict) -> None:
        self._station = station
        self.identity = identity
        self.status = None  # Accepted, Pending, Rejected; None: not answered yet
        self._asking = False
        self._boot_at_ms = 0
        self._heartbeat_at_ms = None

    @property
    def accepted(self) -> bool:
        return self.status == "Accepted"

    def next_wakeup_ms(self) -> "int | None":
        if self._asking or not self._station.link_up:
            return None
        return self._heartbeat_at_ms if self.accepted else self._boot_at_ms

    def wake(self, up_ms: int) -> None:
        if self._asking or not self._station.link_up:
            return
        if not self.accepted:
            if up_ms >= self._boot_at_ms:
                self.boot(up_ms)
        elif self._heartbeat_at_ms is not None and up_ms >= self._heartbeat_at_ms:
            self.heartbeat(up_ms)

    def link_is_up(self, up_ms: int) -> None:
        if self.status is None:  # what was answered Pending or Rejected waits for its interval
            self._boot_at_ms = up_ms

    def boot(self, up_ms: int) -> None:
        """Asks (again); also when the central system triggers it."""
        payload = {}
        for field, key, longest in _LONGEST:
            value = self.identity.get(key)
            if value:
                payload[field] = str(value)[:longest]
        self._asking = True
        self._station.ask("BootNotification", payload, self._boot_answered, True)

    def heartbeat(self, up_ms: int, triggered: bool = False) -> None:
        self._asking = True
        self._station.ask("Heartbeat", {}, self._heartbeat_answered, triggered or self._station.now is None)

    def _boot_answered(self, payload, error: "str | None", up_ms: int) -> None:
        self._asking = False
        conf = self._station.calls.understood("BootNotification", payload, error)
        if conf is None or conf.get("status") is None:
            self._boot_at_ms = up_ms + _RETRY_S * 1000
            return
        self.status = conf["status"]
        self._station.log("info", "BootNotification: %s" % self.status)
        interval_s = conf.get("interval") or 0
        if self.accepted:
            if interval_s > 0:
                self._station.settings.adopt("HeartbeatInterval", interval_s)
            self._heartbeat_again(up_ms)
        else:
            self._boot_at_ms = up_ms + (interval_s if interval_s > 0 else _RETRY_S) * 1000
        self._time_told(conf, up_ms)
        if self.accepted:
            self._station.reports.registered()

    def _heartbeat_answered(self, payload, error: "str | None", up_ms: int) -> None:
        self._asking = False
        self._heartbeat_again(up_ms)
        conf = self._station.calls.understood("Heartbeat", payload, error)
        if conf is not None:
            self._time_told(conf, up_ms)

    def _time_told(self, conf: dict, up_ms: int) -> None:
        """Where an answer tells no time that can be, and nobody else did, it is asked for again soon: messages of
        transactions wait for it."""
        instant = conf.get("currentTime")
        if instant is not None and _EARLIEST <= instant < _LATEST:
            self._station.actions.append(("clock", instant))
        elif self.accepted and self._station.now is None:
            self._heartbeat_at_ms = up_ms + _RETRY_S * 1000

    def _heartbeat_again(self, up_ms: int) -> None:
        settings = self._station.settings
        interval_s = settings["HeartbeatInterval"]
        silence_s = settings["FallbackLimitAfterMinutes"] * 60
        if 0 < silence_s < interval_s * 2:  # an answer in time shows that the central system is there
            interval_s = silence_s // 2
        self._heartbeat_at_ms = up_ms + interval_s * 1000

    def interval_changed(self, up_ms: int) -> None:
        """HeartbeatInterval or FallbackLimitAfterMinutes changed: count anew."""
        if self.accepted:
            self._heartbeat_again(up_ms)
