"""A limit for when the central system has been silent for long. Off by default; profiles go on all
the same (R30).

FallbackLimitAfterMinutes of silence (0: never) FallbackLimitAmps per phase limits each
connector, until the central system is heard again.
"""


class Fallback:
    """limits: charging/limits.py, where the fallback is one cap of each connector."""

    def __init__(self, facts, limits) -> None:
        self._facts = facts
        self._limits = limits
        self.heard_ms = 0  # up-time of the last message; a restart counts as one
        self._active = False

    def begins_ms(self) -> "int | None":
        """The up-time at which the fallback begins if nothing is heard; None when it is off."""
        minutes = self._facts.settings["FallbackLimitAfterMinutes"]
        return self.heard_ms + minutes * 60000 if minutes else None

    def due_ms(self) -> "int | None":
        return None if self._active else self.begins_ms()

    def heard(self) -> None:
        """A message has come from the central system."""
        self.heard_ms = self._facts.up_ms
        if self._active:
            self._facts.log("info", "the central system is heard again: the fallback limit ends")
            self._set(False)

    def settle(self) -> None:
        begins_ms = self.begins_ms()
        if not self._active and begins_ms is not None and self._facts.up_ms >= begins_ms:
            self._facts.log("warn", "the central system is silent: the fallback limit begins")
            self._set(True)

    def settings_changed(self) -> None:
        """The central system wrote one of the fallback's keys. That is a sign of life."""
        self._set(False)

    def _set(self, active: bool) -> None:
        self._active = active
        facts = self._facts
        for connector in facts.connectors:
            self._limits.cap(
                connector.id,
                "fallback",
                facts.settings["FallbackLimitAmps"] * 10 if active else None,
            )
