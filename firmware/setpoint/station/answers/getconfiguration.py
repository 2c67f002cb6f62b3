"""GetConfiguration (OCPP 1.6, 5.8): the keys that were asked for, or all of them.

All of them are some four kilobytes of text. So the answer is made of pieces, one for each key: the interpreter's own
writer of JSON would ask for that much, and more while it grows, in one piece.
"""

import json

from ...late import load


def answer(station, request: dict) -> "list[bytes]":
    settings = station.settings
    keys = load("setpoint.station.keys")
    pieces, unknown = [b'{"configurationKey":['], []
    for name in (request.get("key") or keys.names())[: settings["GetConfigurationMaxKeys"]]:
        spelt = keys.name_of(name)
        if spelt is None:
            unknown.append(name)
            continue
        known = {"key": spelt, "readonly": not keys.writable(spelt)}
        if keys.readable(spelt):
            value = settings.values[spelt] if spelt in settings.values else keys.first_value(spelt)
            known["value"] = keys.text_of(value)
        if len(pieces) > 1:
            pieces.append(b",")
        pieces.append(json.dumps(known).encode())
    pieces.append(b'],"unknownKey":%s}' % json.dumps(unknown).encode())
    return pieces
