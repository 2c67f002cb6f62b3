"""One line for each event: time, level, area, sentence. No secrets ever come here.

Levels: error, warn and note are kept in flash too (log_ring.py), for who comes after the event; info is for who watches.
"""

from .protocol.iso8601 import text_from


class Log:
    def __init__(self, clock, folder: "str | None" = None) -> None:
        """folder: where the ring in flash is; None: there is none."""
        self._clock = clock
        self._folder = folder
        self._past = None  # what the ring wants to know at its next line

    def __call__(self, level: str, area: str, sentence: str) -> None:
        now = self._clock.now()
        time = "+%d.%03ds" % divmod(self._clock.uptime_ms(), 1000) if now is None else text_from(now)
        # What a central system sent may stand in a sentence: it must not forge lines or colours.
        plain = "".join([c if " " <= c <= "~" or c >= "\xa0" else "?" for c in sentence])
        line = "%s %-5s %-8s %s" % (time, level, area, plain)
        print(line)
        if level != "info" and self._folder is not None:
            try:
                from . import log_ring

                self._past = log_ring.keep(self._folder, self._past, level, line, plain, self._clock.uptime_ms() // 1000)
            except Exception as error:  # full, worn out, no memory: whatever it is, the station goes on
                print("%s warn  log      not kept: %s" % (time, type(error).__name__))
