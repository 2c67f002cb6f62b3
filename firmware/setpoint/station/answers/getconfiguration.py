"""GetConfiguration (OCPP 1.6, 5.8): the keys that were asked for, or all of them.

All of them are some five kilobytes of text. They are never in memory at once: each is made when it
is sent, with its value at the time of the request."""

import json

from .. import keys


def answer(station, request: dict) -> list:
    values = station.settings.values.copy()
    most = station.settings["GetConfigurationMaxKeys"]
    asked = (request.get("key") or [])[:most]
    wanted = [keys.name_of(name) for name in asked]
    unknown = [asked[at] for at in range(len(asked)) if wanted[at] is None]

    def entries():
        separator = b""
        left = most
        for name in wanted or keys.names():
            if left > 0 and name is not None:
                yield separator + json.dumps(_entry(name, values), separators=(",", ":")).encode()
                separator = b","
            left -= 1

    return [b'{"configurationKey":[', entries, b'],"unknownKey":%s}' % json.dumps(unknown).encode()]


def _entry(name: str, values: dict) -> dict:
    entry = {"key": name, "readonly": not keys.writable(name)}
    if keys.readable(name):
        value = values[name] if name in values else keys.first_value(name)
        entry["value"] = keys.text_of(value)[:500]
    return entry
