"""Which phases of the grid a connector's conductors are (OCPP 1.6, 9.1.7 ConnectorPhaseRotation)."""

_STRAIGHT = (0, 1, 2)


def phases_of(text: str, connector_id: int) -> tuple:
    """Phase of the grid (0 is L1) of the connector's L1, L2 and L3. text: the key's value, such as
    "0.RST,1.STR". Where it says nothing of a connector, L1 is L1. Connector 0 is the feed of them
    all."""
    feed = _named(text, 0)
    own = _named(text, connector_id)
    return (feed[own[0]], feed[own[1]], feed[own[2]])


def _named(text: str, connector_id: int) -> tuple:
    for item in text.split(","):
        number, _, letters = item.strip().partition(".")
        if number == str(connector_id) and sorted(letters) == ["R", "S", "T"]:
            return tuple(["RST".index(letter) for letter in letters])
    return _STRAIGHT
