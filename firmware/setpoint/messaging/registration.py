"""BootNotification until it is accepted, then Heartbeat (OCPP 1.6, 4.2 and 4.6).

The station registers once after each power-up, not after each connection. Before Accepted it sends
nothing else, except what a TriggerMessage asks for while Pending."""

from micropython import const

from .calls import understood

_RETRY_S = const(30)  # where the central system gives no interval, or no usable answer
_EARLIEST = const(-1577836800)  # 1970: a central system without a clock sends earlier dates
_LATEST = const(1 << 30)  # 2054: no chip's clock can be set to a later time

_LONGEST = const(
    (
        ("chargePointVendor", "vendor", 20),
        ("chargePointModel", "model", 20),
        ("firmwareVersion", "firmware", 50),
        ("chargeBoxSerialNumber", "charge_box_serial", 25),
        ("chargePointSerialNumber", "charge_point_serial", 25),
    )
)


class Registration:
    """calls: where BootNotification and Heartbeat are asked. about: vendor, model, firmware and
    serial numbers, by the names above."""

    def __init__(self, facts, calls, about: dict) -> None:
        self._facts = facts
        self._calls = calls
        self._about = about
        self.status = None  # Accepted, Pending, Rejected; None: not answered yet
        self._asking = False
        self._boot_at_ms = 0
        self._heartbeat_at_ms = None

    def due_ms(self) -> "int | None":
        if self._asking or not self._facts.link_up:
            return None
        return self._heartbeat_at_ms if self._facts.accepted else self._boot_at_ms

    def settle(self) -> None:
        due_ms = self.due_ms()
        if due_ms is not None and self._facts.up_ms >= due_ms:
            if self._facts.accepted:
                self.heartbeat()
            else:
                self.boot()

    def link_is_up(self) -> None:
        if self.status is None:  # what was answered Pending or Rejected waits for its interval
            self._boot_at_ms = self._facts.up_ms

    def boot(self) -> None:
        """Asks (again); also when the central system triggers it."""
        payload = {}
        for field, key, longest in _LONGEST:
            value = self._about.get(key)
            if value:
                payload[field] = str(value)[:longest]
        self._asking = True
        self._calls.ask("BootNotification", payload, self._boot_answered, True)

    def heartbeat(self, triggered: bool = False) -> None:
        self._asking = True
        self._calls.ask(
            "Heartbeat", {}, self._heartbeat_answered, triggered or self._facts.now is None
        )

    def _boot_answered(self, payload, error: "str | None") -> None:
        facts = self._facts
        self._asking = False
        conf = understood(facts.log, "BootNotification", payload, error)
        if conf is None or conf.get("status") is None:
            self._boot_at_ms = facts.up_ms + _RETRY_S * 1000
            return
        self.status = conf["status"]
        facts.accepted = self.status == "Accepted"
        facts.log("info", "BootNotification: %s" % self.status)
        interval_s = conf.get("interval") or 0
        if facts.accepted:
            if interval_s > 0:
                facts.settings.adopt("HeartbeatInterval", interval_s)
            self.heartbeat_again()
        else:
            self._boot_at_ms = facts.up_ms + (interval_s if interval_s > 0 else _RETRY_S) * 1000
        self._take_time(conf)
        if facts.accepted:
            for place in facts.places():  # the central system learns every status
                place.report_again()

    def _heartbeat_answered(self, payload, error: "str | None") -> None:
        self._asking = False
        self.heartbeat_again()
        conf = understood(self._facts.log, "Heartbeat", payload, error)
        if conf is not None:
            self._take_time(conf)

    def _take_time(self, conf: dict) -> None:
        """Sets the clock. While the time is unknown and the answer has no usable one, the station
        asks again soon: messages of transactions wait for it."""
        facts = self._facts
        time = conf.get("currentTime")
        if time is not None and _EARLIEST <= time[0] < _LATEST:
            facts.effects.append(("clock", time[0], time[1]))
        elif facts.accepted and facts.now is None:
            self._heartbeat_at_ms = facts.up_ms + _RETRY_S * 1000

    def heartbeat_again(self) -> None:
        """Counts anew: after an answer, or where HeartbeatInterval or FallbackLimitAfterMinutes
        changed. Before Accepted it does not matter."""
        settings = self._facts.settings
        interval_s = settings["HeartbeatInterval"]
        silence_s = settings["FallbackLimitAfterMinutes"] * 60
        # An answer in time shows that the central system is there
        if 0 < silence_s < interval_s * 2:
            interval_s = silence_s // 2
        self._heartbeat_at_ms = self._facts.up_ms + interval_s * 1000
