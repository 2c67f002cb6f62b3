"""Cards and remote starts: who may charge, and where (OCPP 1.6, 3.5, 4.1 and 5.11).

A grant is a permission that waits for a plug. It ends with ConnectionTimeOut, and a profile that came with a
remote start ends with it.
"""


class Grant:
    """connectors: ids where it may be used. profile: clean fields of a chargingProfile, or None."""

    def __init__(self, id_tag: str, connectors: "list[int]", expires_ms: int, profile: "dict | None") -> None:
        self.id_tag = id_tag
        self.connectors = connectors
        self.expires_ms = expires_ms
        self.profile = profile


class Authorisation:
    """`station`: the object whose `connectors`, `ask`, `sessions` and `settings` are used."""

    def __init__(self, station) -> None:
        self._station = station
        self.grants = []
        self._asking = []  # id tags with an Authorize in flight

    # -- cards

    def card(self, id_tag: str, connectors: "list[int] | None", up_ms: int) -> None:
        """A card at the reader. The card of a running transaction ends it, any other one asks to begin one."""
        station = self._station
        reach = [c for c in station.connectors if connectors is None or c.id in connectors]
        for connector in reach:
            if connector.transaction is not None and connector.transaction.id_tag == id_tag:
                station.sessions.end(connector, "Local", id_tag)
                return
        ids = [c.id for c in reach if c.free()]
        if not ids:
            station.log("warn", "card refused: no connector is free")
        elif id_tag in self._asking:
            return
        elif not station.online():
            if station.settings["AllowOfflineTxForUnknownId"]:
                self.grant(id_tag, ids, up_ms, None)
            else:
                station.log("warn", "card refused: no central system to ask, and AllowOfflineTxForUnknownId is false")
        else:
            self._authorize(id_tag, ids, None)

    def _authorize(self, id_tag: str, ids: "list[int]", profile: "dict | None") -> None:
        self._asking.append(id_tag)

        def answered(payload, error, up_ms):
            self._asking.remove(id_tag)
            conf = self._station.calls.understood("Authorize", payload, error)
            status = None if conf is None else conf["idTagInfo"]["status"]
            if status == "Accepted":
                self.grant(id_tag, ids, up_ms, profile)
            else:
                self._station.log("warn", "not authorised: %s" % (status or "no answer"))

        self._station.ask("Authorize", {"idTag": id_tag}, answered)

    # -- remote starts

    def reason_to_refuse(self, connector_id: "int | None") -> "str | None":
        """Why a RemoteStartTransaction cannot be served; None when it can."""
        if connector_id is None:
            if self._lowest_free() is None:
                return "no connector is free"
            return None
        connector = self._station.connector(connector_id)
        if connector is None:
            return "there is no connector %d" % connector_id
        if not connector.free() or connector.authorised:
            return "connector %d is busy or faulted" % connector_id
        return None

    def _lowest_free(self):
        for connector in self._station.connectors:
            if connector.free() and not connector.authorised:
                return connector
        return None

    def remote_start(self, id_tag: str, connector_id: "int | None", profile: "dict | None", up_ms: int) -> None:
        ids = [self._lowest_free().id if connector_id is None else connector_id]
        if self._station.settings["AuthorizeRemoteTxRequests"]:
            self._authorize(id_tag, ids, profile)
        else:
            self.grant(id_tag, ids, up_ms, profile)

    # -- grants

    def grant(self, id_tag: str, ids: "list[int]", up_ms: int, profile: "dict | None") -> None:
        """Begins where a vehicle is plugged in, else waits for a plug."""
        self.grants = [g for g in self.grants if g.id_tag != id_tag]
        grant = Grant(id_tag, ids, up_ms + self._station.settings["ConnectionTimeOut"] * 1000, profile)
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
        self.grants.remove(grant)
        self._mark()
        self._station.sessions.begin(connector, grant.id_tag, grant.profile)

    def next_wakeup_ms(self) -> "int | None":
        return min([g.expires_ms for g in self.grants]) if self.grants else None

    def wake(self, up_ms: int) -> None:
        over = [g for g in self.grants if up_ms >= g.expires_ms]
        if over:
            self.grants = [g for g in self.grants if g not in over]
            self._mark()
            self._station.log("info", "ConnectionTimeOut: nobody plugged in")

    def _mark(self) -> None:
        for connector in self._station.connectors:
            connector.authorised = any(connector.id in g.connectors for g in self.grants)
