"""Grants: permissions that wait for a plug (OCPP 1.6, 3.5, 4.1 and 5.11). cards.py decides who gets
one.

A grant ends with ConnectionTimeOut, and a profile that came with a remote start ends with it. When
a transaction begins at a connector, no other grant may use that connector any more."""


class Grant:
    """connectors: ids where it may be used. profile: clean fields of a chargingProfile, or None."""

    def __init__(
        self, id_tag: str, connectors: "list[int]", expires_ms: int, profile: "dict | None", parent
    ) -> None:
        self.id_tag = id_tag
        self.connectors = connectors
        self.expires_ms = expires_ms
        self.profile = profile
        self.parent = parent  # parentIdTag, or None


class Authorisation:
    """cards.py uses what is public here: documents (the port to flash), transactions, calls.
    statuses: reports Preparing before the transaction begins, even where it begins in the same
    pass."""

    def __init__(self, facts, documents, transactions, calls, statuses) -> None:
        self.facts = facts
        self.documents = documents
        self.transactions = transactions
        self.calls = calls
        self._statuses = statuses
        self.grants = []
        self.asking = []  # (id tag, connectors) of each Authorize in flight

    def card(self, id_tag: str, connectors: "list[int] | None") -> None:
        """A card at the reader; connectors: ids where it may be used, None for all."""
        from .cards import card

        card(self, id_tag, connectors)

    def grant(
        self, id_tag: str, ids: "list[int]", profile: "dict | None", parent: "str | None" = None
    ) -> None:
        """Adds a grant. cards.py has withdrawn those that it replaces."""
        facts = self.facts
        self.grants.append(
            Grant(
                id_tag,
                ids,
                facts.up_ms + facts.settings["ConnectionTimeOut"] * 1000,
                profile,
                parent,
            )
        )
        self._mark()
        if not any([c.id in ids and c.plugged() and c.free() for c in facts.connectors]):
            facts.log("info", "authorised, waiting for a plug")

    def due_ms(self) -> "int | None":
        return min([g.expires_ms for g in self.grants]) if self.grants else None

    def settle(self) -> None:
        """Applies verdicts on cards, ends old grants, and begins a transaction where a grant and a
        plug meet, or where a plug needs none."""
        for id_tag, info, transaction in self.transactions.take_verdicts():
            from .cards import judged

            judged(self, id_tag, info, transaction)
        if self.grants:
            self._expire()
            self._mark()  # reservations come and go
        for connector in self.facts.connectors:
            if connector.vend and not connector.authorised and connector.free():
                # Charging without a card, unless one is being asked about
                if not any([connector.id in ids for _, ids in self.asking]):
                    from .cards import vend

                    connector.vend = False
                    vend(self, connector)
            if connector.authorised and connector.plugged() and connector.free():
                self._begin_at(connector)

    def _expire(self) -> None:
        over = [g for g in self.grants if self.facts.up_ms >= g.expires_ms]
        if over:
            self.grants = [g for g in self.grants if g not in over]
            self._mark()
            self.facts.log("info", "ConnectionTimeOut: nobody plugged in")

    def _begin_at(self, connector) -> None:
        """Begins the transaction that has waited longest for this connector."""
        connector.vend = False
        self._statuses.settle()
        grant = [g for g in self.grants if self._may_use(g, connector)][0]
        for other in self.grants:
            if connector.id in other.connectors:
                other.connectors = [i for i in other.connectors if i != connector.id]
        self.grants = [g for g in self.grants if g is not grant and g.connectors]
        self.transactions.begin(connector, grant.id_tag, grant.profile, grant.parent)
        self._mark()

    def forget(self) -> None:
        """Withdraws every grant."""
        self.grants = []
        for connector in self.facts.connectors:
            connector.vend = False
        self._mark()

    def _mark(self) -> None:
        for connector in self.facts.connectors:
            connector.authorised = any([self._may_use(g, connector) for g in self.grants])

    def _may_use(self, grant, connector) -> bool:
        return connector.id in grant.connectors and not self.facts.is_kept_from(
            connector, grant.id_tag, grant.parent
        )
