"""One line for each event: time, level, area, sentence. No secrets ever come here.

Levels: error, warn and note are kept in flash too (log_ring.py), for who comes after the event;
info is for who watches. A security event is a warning that is kept in a log of its own as well."""

from micropython import const

from .protocol.iso8601 import text_from

SECURITY = "security"  # the level of a security event
_QUESTION_MARK = const(0x3F)


class Log:
    def __init__(self, clock, folder: "str | None" = None) -> None:
        """folder: where the ring in flash is; None: there is none."""
        self._clock = clock
        self._folder = folder
        self._past = None  # what the ring wants to know at its next line

    def __call__(self, level: str, area: str, sentence: str) -> None:
        now = self._clock.now()
        time = (
            "+%d.%03ds" % divmod(self._clock.uptime_ms(), 1000) if now is None else text_from(now)
        )
        plain = _without_controls(sentence)
        word = "warn" if level == SECURITY else level
        line = "%s %-5s %-8s %s" % (time, word, area, plain)
        print(line)
        if level != "info" and self._folder is not None:
            try:
                from . import log_ring

                self._past = log_ring.keep(
                    self._folder, self._past, level, line, plain, self._clock.uptime_ms() // 1000
                )
            # Full, worn out, no memory: whatever it is, the station goes on
            except Exception as error:
                print("%s warn  log      not kept: %s" % (time, type(error).__name__))


def _without_controls(sentence: str) -> str:
    """With a "?" for each control character: what a central system sent may stand in a sentence,
    and must not forge lines or colours. By bytes, because MicroPython keeps each character that it
    takes out of a text for good, and a central system has a million of them to send."""
    plain = bytearray()
    before = 0
    for byte in sentence.encode():
        if before == 0xC2 and byte < 0xA0:  # U+0080 to U+009F
            plain[-1] = _QUESTION_MARK
        else:
            plain.append(byte if byte >= 0x20 and byte != 0x7F else _QUESTION_MARK)
        before = byte
    return str(plain, "utf-8")
