"""GetConfiguration (OCPP 1.6, 5.8): the keys that were asked for, or all of them.

All of them are some four kilobytes of text. So the answer is made of pieces, one for each key, and
never in one piece."""

import json

from .. import keys


def answer(station, request: dict) -> "list[bytes]":
    settings = station.settings
    pieces, unknown = [b'{"configurationKey":['], []
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
        pieces.append((b",%s" if len(pieces) > 1 else b"%s") % json.dumps(known).encode())
    pieces.append(b'],"unknownKey":%s}' % json.dumps(unknown).encode())
    return pieces
