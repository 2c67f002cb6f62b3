"""Decides which fields of /identity.json can be used. Loaded at the start and dropped afterwards
(late.py); `make provision` uses it too.

Rule: a wrong field is left out and named, without its value, which may be a secret. If it says to
whom the station talks, or how securely, then no field is used: the station stays offline, and
charges as it may without a network.
"""

_TEXTS = ("vendor", "model", "charge_box_serial", "charge_point_serial")
_OF_THE_LINK = ("csms_url", "charge_point_id", "basic_auth", "tls")
_FILES = ("ca_file", "cert_file", "key_file")
_LONGEST_S = 3600


def usable(document) -> tuple:
    """(the identity, sentences about what is wrong). A field that is null counts as absent."""
    if type(document) is not dict:
        return {}, ["it is not a JSON object"]
    found = {}
    problems = []
    offline = False
    for name in document:
        value = document[name]
        if value is None:
            continue
        wanted = _wanted(name, value)
        if wanted is None:
            found[name] = value
        else:
            problems.append("%s is not %s" % (name, wanted))
            offline = offline or name in _OF_THE_LINK
    if offline:
        for name in _OF_THE_LINK:
            found.pop(name, None)
        problems.append("so the station stays offline")
    return found, problems


def _wanted(name, value) -> "str | None":
    """What a field should be, where it is something else."""
    if name in _TEXTS or name == "csms_url" or name == "charge_point_id":
        return None if type(value) is str else "a text"
    if name == "basic_auth":
        right = type(value) is str or _is_object(value, ("user", "password"), ("password",))
        return None if right else "a password, or an object of user and password"
    if name == "tls":
        if type(value) is dict and "check_hostname" in value:
            right = (
                value["check_hostname"] in (True, False, None)
                and type(value["check_hostname"]) is not int
            )
            value = {key: value[key] for key in value if key != "check_hostname"}
        else:
            right = True
        return (
            None
            if right and _is_object(value, _FILES, ())
            else "an object of ca_file, cert_file, key_file and check_hostname"
        )
    if name == "wifi":
        right = (
            _is_object(value, ("ssid", "password", "hostname", "country"), ("ssid",))
            and 1 <= len(value["ssid"].encode()) <= 32
        )
        right = right and len((value.get("password") or "").encode()) <= 63
        right = (
            right
            and len((value.get("hostname") or "").encode()) <= 32
            and len((value.get("country") or "XX").encode()) == 2
        )
        return (
            None
            if right
            else "an object of ssid (1 to 32 bytes) and, as they are needed, password, hostname and country"
        )
    if name == "time":
        right = type(value) is list and len(value) <= 4 and all([_is_server(s) for s in value])
        return None if right else "a list of at most four hosts, each with :port if that is not 123"
    if name == "keys":
        right = type(value) is dict and not [
            key for key in value if type(key) is not str or type(value[key]) in (dict, list)
        ]
        return None if right else "an object of configuration keys and their values"
    if name == "page":
        right = type(value) is dict and type(value.get("password")) is str
        right = right and len(value["password"]) >= 8
        right = right and type(value.get("open", False)) is bool
        port = value.get("port", 80) if right else 80
        right = right and type(port) is int and 0 < port < 65536
        right = right and not [key for key in value if key not in ("password", "open", "port")]
        return (
            None
            if right
            else "an object of password (8 characters at least) and, as they are needed, open and port"
        )
    if name == "reconnect":
        right = (
            type(value) is dict
            and len(value) == 2
            and _is_time(value.get("minimum_s"))
            and _is_time(value.get("random_s"))
        )
        return None if right else "an object of minimum_s and random_s, from 0 to %d" % _LONGEST_S
    return "a field of an identity"


def _is_object(value, texts: tuple, needed: tuple) -> bool:
    """Are all its fields among these, texts or null, and those that are needed texts?"""
    if type(value) is not dict or [name for name in needed if type(value.get(name)) is not str]:
        return False
    return not [
        name
        for name in value
        if name not in texts or not (value[name] is None or type(value[name]) is str)
    ]


def _is_server(value) -> bool:
    if type(value) is not str or " " in value:
        return False
    host, colon, port = value.partition(":")
    return host != "" and (not colon or (port.isdigit() and 0 < int(port) < 65536))


def _is_time(value) -> bool:
    return type(value) in (int, float) and 0 <= value <= _LONGEST_S
