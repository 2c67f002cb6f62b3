"""A limit for when the central system has been silent for long. Off by default; profiles go on all the same (R30).

FallbackLimitAfterMinutes of silence (0: never), then FallbackLimitAmps per phase and connector, until it is heard again.
"""


class Fallback:
    """`station`: the object whose settings, connectors and limits are used."""

    def __init__(self, station) -> None:
        self._station = station
        self._heard_ms = 0  # up-time; a restart counts as a sign of life
        self._active = False

    def begins_ms(self) -> "int | None":
        """The up-time at which the fallback begins if nothing is heard; None when it is off."""
        minutes = self._station.settings["FallbackLimitAfterMinutes"]
        return self._heard_ms + minutes * 60000 if minutes else None

    def next_wakeup_ms(self) -> "int | None":
        return None if self._active else self.begins_ms()

    def heard(self, up_ms: int) -> None:
        self._heard_ms = up_ms
        if self._active:
            self._station.log("info", "the central system is heard again: the fallback limit ends")
            self._set(False)

    def wake(self, up_ms: int) -> None:
        begins_ms = self.begins_ms()
        if not self._active and begins_ms is not None and up_ms >= begins_ms:
            self._station.log("warn", "the central system is silent: the fallback limit begins")
            self._set(True)

    def settings_changed(self) -> None:
        """One of its keys was written: by the central system, which is heard by that."""
        self._set(False)
        self._station.registration.interval_changed(self._heard_ms)

    def _set(self, active: bool) -> None:
        station = self._station
        self._active = active
        for connector in station.connectors:
            station.limits.cap(connector.id, "fallback", station.settings["FallbackLimitAmps"] * 10 if active else None)
        station.limits_changed()
