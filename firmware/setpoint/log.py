"""One line for each event: time, level, area, sentence. No secrets ever come here."""

from .protocol.iso8601 import text_from


class Log:
    def __init__(self, clock, most: str = "info") -> None:
        """most: the least important level that is written: "error", "warn", "info" or "debug"."""
        self._clock = clock
        self._levels = ("error", "warn", "info", "debug")[: ("error", "warn", "info", "debug").index(most) + 1]

    def __call__(self, level: str, area: str, sentence: str) -> None:
        if level not in self._levels:
            return
        now = self._clock.now()
        time = "+%d.%03ds" % divmod(self._clock.uptime_ms(), 1000) if now is None else text_from(now)
        # What a central system sent may stand in a sentence: it must not forge lines or colours.
        plain = "".join([c if " " <= c != "\x7f" else "?" for c in sentence])
        print("%s %-5s %-8s %s" % (time, level, area, plain))
