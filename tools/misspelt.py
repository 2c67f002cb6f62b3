"""What somebody wrote and did not mean: names in a start file, and configuration keys.

The station ignores an unknown name and says so in its log. A verb that a person types says it
first, and does not go on with a default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools import on_cpython  # noqa: F401  # the firmware's own names and keys

_DID_YOU_MEAN = "did you mean"
_LIST = "see docs/configuration-keys.md"


def keys_refused(keys: dict[str, Any]) -> list[str]:
    """A sentence for each that the firmware would ignore. Of a secret none shows the value."""
    from setpoint.board.simulated.misspelling import closest
    from setpoint.station.keys import name_of, names, readable, value_of

    sentences = []
    for name, value in keys.items():
        known = name_of(name)
        if known is None:
            meant = closest(name, list(names()))
            hint = "%s %s?" % (_DID_YOU_MEAN, meant) if meant else _LIST
            sentences.append("%s is no configuration key: %s" % (name, hint))
        elif value_of(known, str(value)) is None:
            shown = repr(value) if readable(known) else "what it is"
            sentences.append("%s cannot be %s: %s" % (known, shown, _LIST))
    return sentences


def in_start_file(start: Path) -> list[str]:
    """A sentence for each name that looks like another one, and for each key that is none. What
    else is wrong the station says itself."""
    from setpoint.board.simulated.start_file import StartFileError, read

    try:
        settings, ignored = read(start.read_text(encoding="utf-8"), str(start.parent))
    except (OSError, ValueError, StartFileError):
        return []
    return [s for s in ignored if _DID_YOU_MEAN in s] + keys_refused(settings["keys"])
