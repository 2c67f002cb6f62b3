"""Grants: permissions that wait for a plug (OCPP 1.6, 3.5, 4.1 and 5.11). Whom to give one is said in cards.py.

A grant ends with ConnectionTimeOut, and a profile that came with a remote start ends with it. A connector where somebody
begins is no longer among those of the others.
"""


class Grant:
    """connectors: ids where it may be used. profile: clean fields of a chargingProfile, or None."""

    def __init__(self, id_tag: str, connectors: "list[int]", expires_ms: int, profile: "dict | None", parent) -> None:
        self.id_tag = id_tag
        self.connectors = connectors
        self.expires_ms = expires_ms
        self.profile = profile
        self.parent = parent  # parentIdTag, or None


class Authorisation:
    """`station`: the object whose `connectors`, `sessions` and `settings` are used."""

    def __init__(self, station) -> None:
        self._station = station
        self.grants = []
        self.asking = []  # (id tag, connectors) of each Authorize in flight

    def grant(self, id_tag: str, ids: "list[int]", up_ms: int, profile: "dict | None", parent: "str | None" = None) -> None:
        """Begins where a vehicle is plugged in, else waits for a plug. Who gives it (cards.py) has seen to the others."""
        grant = Grant(id_tag, ids, up_ms + self._station.settings["ConnectionTimeOut"] * 1000, profile, parent)
        self.grants.append(grant)
        self._mark()
        for connector in self._station.connectors:
            if connector.id in ids and connector.plugged() and connector.free():
                self._use(grant, connector)
                return
        self._station.log("info", "authorised, waiting for a plug")

    def plugged_in(self, connector) -> None:
        """Begins the transaction that waits for this connector, if there is one."""
        if not connector.free():
            return
        for grant in self.grants:
            if connector.id in grant.connectors:
                self._use(grant, connector)
                return

    def _use(self, grant: Grant, connector) -> None:
        self._station.reports.statuses()  # Preparing is reported even if the transaction follows at once
        for other in self.grants:
            if connector.id in other.connectors:
                other.connectors = [i for i in other.connectors if i != connector.id]
        self.grants = [g for g in self.grants if g is not grant and g.connectors]
        self._mark()
        self._station.sessions.begin(connector, grant.id_tag, grant.profile, grant.parent)

    def next_wakeup_ms(self) -> "int | None":
        return min([g.expires_ms for g in self.grants]) if self.grants else None

    def wake(self, up_ms: int) -> None:
        over = [g for g in self.grants if up_ms >= g.expires_ms]
        if over:
            self.grants = [g for g in self.grants if g not in over]
            self._mark()
            self._station.log("info", "ConnectionTimeOut: nobody plugged in")

    def forget(self) -> None:
        """Nobody's permission waits any more."""
        self.grants = []
        self._mark()

    def _mark(self) -> None:
        for connector in self._station.connectors:
            connector.authorised = any([connector.id in g.connectors for g in self.grants])
