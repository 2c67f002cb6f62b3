"""The log's ring in flash: what matters after the event. Imported for each line that is kept, and
dropped again (late.py).

Two files, log and log.old, of a block each: when a line does not fit into log any more, log takes
the place of log.old. Security events stand in security and security.old too, where no other line
drives them out: the security log that OCPP 1.6's security whitepaper asks for.

Each line costs one erase and 2.1 KB programmed (measured on littlefs, mean of 500), so they are
rationed. Rules:

1. Of a sentence that comes again within the hour (up to its first ";", as what follows is how long
   to wait) the 2nd, 4th, 8th ... time is kept.
2. _BURST lines may come at once, and one more for each _SLOT_S. The last _FOR_ERRORS of them are
   for errors only. So a day costs 260 erases and 0.6 MB at most (security events: twice that); a chip lives through 100000 of
   each block, and littlefs lets the blocks take turns.
3. A restart begins anew. What restarts within a minute, boot.py stops after three starts.
"""

import io
import os
import sys
from binascii import crc32

from micropython import const

from .store.files import patiently, recover, write_file

_SIZE = const(4096)
_LONGEST = const(240)  # bytes of a line
_BURST = const(20)
_FOR_ERRORS = const(5)
_SLOT_S = const(360)
_HOUR = const(10)  # slots


def keep(
    folder: str, past: "tuple | None", level: str, line: str, sentence: str, up_s: int
) -> tuple:
    """Writes a line if it is worth it. Answers what the next call gets as `past`; None at the
    first. Raises OSError."""
    slot = up_s // _SLOT_S
    key = crc32(sentence.split(";")[0].encode()) & 0x3FFFFFFF  # a small int
    times = 1
    left = _BURST
    if past is not None:
        left = min(_BURST, past[2] + slot - past[3])
        if key == past[0] and slot - past[3] <= _HOUR:
            times = past[1] + 1
    spare = left - (0 if level == "error" else _FOR_ERRORS)
    if spare > 0 and not times & (times - 1):
        if times > 1:
            line += " (%d times)" % times
        if spare == 1:
            line += " (some that follow are left out)"
        write(folder, line)
        if level == "security":
            write(folder, line, "security")
        left -= 1
    return (key, times, left, slot)


def write(folder: str, line: str, name: str = "log") -> None:
    """Adds a line to the ring of this name. Raises OSError."""
    path = folder + "/" + name
    data = line.encode()[:_LONGEST] + b"\n"
    try:
        full = patiently(os.stat, path)[6] + len(data) > _SIZE
    except OSError:
        full = False
    if full:
        try:
            os.rename(path, path + ".old")
        except OSError:
            recover()
            raise
    write_file(path, "ab", data)


def sentence_of(error: Exception) -> str:
    """What an exception says and the three innermost places it came through: "ValueError: too much,
    in setpoint.app:271"."""
    text = io.StringIO()
    sys.print_exception(error, text)
    places = [
        part.split('"')[1] + ":" + part.split("line ")[1].split(",")[0]
        for part in text.getvalue().split("\n")
        if 'File "' in part
    ]
    sentence = "%s: %s, in %s" % (type(error).__name__, error, " < ".join(reversed(places[-3:])))
    return "".join([c if " " <= c <= "~" else "?" for c in sentence])
