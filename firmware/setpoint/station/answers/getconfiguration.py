"""GetConfiguration (OCPP 1.6, 5.8): the keys that were asked for, or all of them."""

from ...late import load


def answer(station, request: dict) -> dict:
    settings = station.settings
    keys = load("setpoint.station.keys")
    known, unknown = [], []
    for name in (request.get("key") or keys.names())[: settings["GetConfigurationMaxKeys"]]:
        spelt = keys.name_of(name)
        if spelt is None:
            unknown.append(name)
        else:
            answer = {"key": spelt, "readonly": not keys.writable(spelt)}
            known.append(answer)
            if not keys.readable(spelt):
                continue
            value = settings.values[spelt] if spelt in settings.values else keys.first_value(spelt)
            answer["value"] = keys.text_of(value)
    return {"configurationKey": known, "unknownKey": unknown}
