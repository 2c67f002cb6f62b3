"""A simulated station whose start file has `set_up` has its identity in its flash, as a board has,
and none at first. Loaded at the start (late.py)."""

import json


def take_identity(settings: dict, root: str) -> bool:
    """The identity in flash takes the place of what the start file says. False: there is none."""
    from ..identity import usable

    for name in ("csms_url", "charge_point_id"):
        settings[name] = ""
    settings["basic_auth"] = settings["page"] = None
    settings["tls"] = {}
    password = settings["set_up"]["password"]
    if password is not None:
        with open(root + "/password", "w") as file:
            file.write(password)
    try:
        with open(root + "/identity.json") as file:
            found = usable(json.load(file))[0]
    except (OSError, ValueError):
        return False
    for name in ("csms_url", "charge_point_id", "basic_auth", "tls"):
        settings[name] = found.get(name) or settings[name]
    page = found.get("page")
    if page:
        port = settings["set_up"]["page_port"]
        settings["page"] = {
            "password": page["password"],
            "open": page.get("open", False),
            "port": port,
        }
    settings["keys"].update(found.get("keys", {}))
    return bool(found)


def wanted(board, settings: dict, has_identity: bool):
    """What set-up mode asks of the board (access_point.py), or None. settings: `set_up`."""
    if has_identity and not settings["button"]:
        return None
    from .access_point import SetUp

    return SetUp(
        board,
        settings,
        "its button was held for 10 s" if settings["button"] else "it has no identity",
    )
