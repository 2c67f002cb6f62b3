"""GetConfiguration (OCPP 1.6, 5.8): the keys that were asked for, or all of them.

All of them are some five kilobytes of text, never in memory in one piece."""

import json

from micropython import const

from .. import keys

_PIECE = const(400)  # characters, after which another piece begins


def answer(station, request: dict) -> "list[bytes]":
    settings = station.settings
    pieces, unknown = [], []
    piece, comma = '{"configurationKey":[', ""
    left = settings["GetConfigurationMaxKeys"]
    wanted = request.get("key")
    for name in wanted or keys.names():
        left -= 1
        if left < 0:
            break
        spelt = keys.name_of(name) if wanted else name
        if spelt is None:
            unknown.append(name)
            continue
        known = {"key": spelt, "readonly": not keys.writable(spelt)}
        if keys.readable(spelt):
            value = settings.values[spelt] if spelt in settings.values else keys.first_value(spelt)
            known["value"] = keys.text_of(value)[:500]
        if len(piece) > _PIECE:
            pieces.append(piece.encode())
            piece = ""
        piece += comma + json.dumps(known, separators=(",", ":"))
        comma = ","
    pieces.append((piece + "]").encode())
    pieces.append(b',"unknownKey":%s}' % json.dumps(unknown).encode())
    return pieces
