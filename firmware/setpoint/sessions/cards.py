"""Who may charge, and where (OCPP 1.6, 3.5, 4.1, 4.8). Imported for each card and each answer about
one.

A card ends the random delay of the free connectors in reach. Beyond that it means, first case that
fits:
0. Its own transaction waits in reach for the end of a random delay: the delay ends.
1. Its own transaction runs in reach, or its cable is locked there: the transaction ends, the cable is
   released.
2. The central system, the local list, the cache or AllowOfflineTxForUnknownId accepts it, and its
   group (parentIdTag) runs or has its cable locked: the same.
3. It is accepted, and a connector in reach is free: a grant (authorisation.py), first rule that
   fits:
   a. not for a vehicle that another card has left at its connector, while there is another
      connector;
   b. the same card waits for one of the connectors: as one grant, with the profile of the remote
      start, if there was one (R10);
   c. more wait than there are connectors: the earlier one goes; one with a reservation last.
Nobody is granted a connector that is reserved for somebody else.
"""

from ..messaging.calls import understood
from . import cache, local_list


def card(authorisation, id_tag: str, connectors: "list[int] | None") -> None:
    """A card at the reader; connectors: ids where it may be used, None for all."""
    facts = authorisation.facts
    reach = [c for c in facts.connectors if connectors is None or c.id in connectors]
    delay = facts.random_delay
    for connector in reach:
        owner = connector.transaction or connector.locked_for
        if owner is not None and owner.id_tag.lower() == id_tag.lower():
            if delay is not None and connector.transaction is not None and delay.end(connector):
                return
            _leave(authorisation, connector, id_tag)
            return
    ids = [c.id for c in reach if c.free()]
    if delay is not None:
        for connector in reach:
            if connector.id in ids:
                delay.end(connector)
    if ids or any([(c.transaction or c.locked_for) is not None for c in reach]):
        authorise(authorisation, id_tag, ids, None, reach)
    else:
        facts.log("warn", "card refused: no connector is free")


def authorise(
    authorisation, id_tag: str, ids: "list[int]", profile: "dict | None", reach: list
) -> None:
    """Grants `ids` if the card is accepted. reach: connectors that its group may leave."""
    facts = authorisation.facts
    settings = facts.settings
    online = facts.online()
    if profile is None and (id_tag, ids) in authorisation.asking:
        return
    if online and not settings["LocalPreAuthorize"]:
        _ask(authorisation, id_tag, ids, profile, reach)
        return
    known = _known(facts, authorisation.documents, id_tag)
    if online and (
        known is None
        or known[0] != "Accepted"
        or (known[1] is None and _is_kept(facts, id_tag, ids))
    ):
        _ask(authorisation, id_tag, ids, profile, reach)
    elif online or _may_start_offline(settings, known):
        _accepted(authorisation, id_tag, ids, profile, reach, None if known is None else known[1])
    else:
        facts.log(
            "warn",
            "card refused: no central system to ask, and it is %s"
            % (known[0] if known else "unknown"),
        )


def _known(facts, documents, id_tag: str) -> "tuple[str, str | None] | None":
    """(status, parentIdTag or None) as the station itself knows it: the list outranks the cache
    (OCPP 1.6, 3.5.3)."""
    known = local_list.look_up(facts, documents, id_tag)
    if known is None and facts.settings["AuthorizationCacheEnabled"]:
        known = cache.look_up(facts, documents, id_tag)
    return known


def _remember(authorisation, id_tag: str, info: dict) -> None:
    """Keeps in the cache what the central system has said of a card, unless the card is in the list
    (OCPP 1.6, 3.5.3)."""
    facts, documents = authorisation.facts, authorisation.documents
    status = info.get("status")
    # ConcurrentTx says nothing about the card itself
    if status in (None, "ConcurrentTx"):
        return
    listed = local_list.look_up(facts, documents, id_tag)
    if listed is None:
        cache.remember(facts, documents, id_tag, info)
    else:
        local_list.compare(facts, id_tag, listed[0], status)


def _is_kept(facts, id_tag: str, ids: "list[int]") -> bool:
    """Would only its group open one of these connectors to the card?"""
    return any([facts.is_kept_from(facts.connector(i), id_tag, None) for i in ids])


def _may_start_offline(settings, known) -> bool:
    if known is None:
        return settings["AllowOfflineTxForUnknownId"]
    return known[0] == "Accepted" and (
        settings["LocalAuthorizeOffline"] or settings["AllowOfflineTxForUnknownId"]
    )


def _ask(authorisation, id_tag: str, ids: "list[int]", profile: "dict | None", reach: list) -> None:
    facts = authorisation.facts
    asking = authorisation.asking
    asking.append((id_tag, ids))

    def answered(payload, error):
        asking.remove((id_tag, ids))
        conf = understood(facts.log, "Authorize", payload, error)
        if conf is None and not facts.online():
            authorise(authorisation, id_tag, ids, profile, reach)
            return
        info = {} if conf is None else conf.get("idTagInfo", {})
        status = info.get("status")
        _remember(authorisation, id_tag, info)
        if status == "Accepted":
            _accepted(authorisation, id_tag, ids, profile, reach, info.get("parentIdTag"))
        else:
            facts.log("warn", "not authorised: %s" % (status or "no answer that can be read"))

    authorisation.calls.ask("Authorize", {"idTag": id_tag}, answered)


def _accepted(authorisation, id_tag, ids, profile, reach, parent: "str | None") -> None:
    for connector in reach:
        owner = connector.transaction or connector.locked_for
        if parent and owner is not None and (owner.parent or "").lower() == parent.lower():
            _leave(authorisation, connector, id_tag)
            return
    grant(authorisation, id_tag, ids, profile, parent)


def grant(
    authorisation,
    id_tag: str,
    ids: "list[int]",
    profile: "dict | None",
    parent: "str | None" = None,
) -> None:
    """Grants the card those of the connectors that are still free."""
    facts = authorisation.facts
    tag = id_tag.lower()
    free = [
        c
        for c in facts.connectors
        if c.id in ids and c.free() and not facts.is_kept_from(c, id_tag, parent)
    ]
    ids = [c.id for c in free if not c.ended_here or c.ended_here.lower() == tag] or [
        c.id for c in free
    ]
    if not ids:
        kept = "" if facts.reservations is None else ", or it is reserved"
        facts.log("warn", "card refused: no connector is free" + kept)
        return
    rivals = []
    for other in list(authorisation.grants):
        if any([i in ids for i in other.connectors]):
            if other.id_tag.lower() == tag:
                profile, parent = profile or other.profile, parent or other.parent
                authorisation.grants.remove(other)
            else:
                rivals.append(other)
    if facts.reservations is not None:
        rivals = [o for o in rivals if not _has_reserved(facts, o)] + [
            o for o in rivals if _has_reserved(facts, o)
        ]
    for other in rivals[: max(len(rivals) + 1 - len(ids), 0)]:
        other.connectors = [i for i in other.connectors if i not in ids]
        if not other.connectors:
            authorisation.grants.remove(other)
            facts.log("info", "a card that waited for a plug gives way to a later one")
    authorisation.grant(id_tag, ids, profile, parent)


def vend(authorisation, connector) -> None:
    """A vehicle was plugged in where none needs a card: FreeVendIdTag begins, unless it is known not
    to be Accepted."""
    facts = authorisation.facts
    if not facts.settings["FreeVendActive"]:
        return
    id_tag = facts.settings["FreeVendIdTag"]
    known = _known(facts, authorisation.documents, id_tag)
    if known is None or known[0] == "Accepted":
        grant(authorisation, id_tag, [connector.id], None, None if known is None else known[1])
    elif facts.online():
        _ask(authorisation, id_tag, [connector.id], None, [])
    else:
        facts.log("warn", "FreeVendIdTag refused: it is %s" % known[0])


def _has_reserved(facts, grant) -> bool:
    for connector_id in grant.connectors:
        connector = facts.connector(connector_id)
        if facts.reservations.used_at(connector, grant.id_tag, grant.parent) is not None:
            return True
    return False


def _leave(authorisation, connector, id_tag: str) -> None:
    if connector.transaction is not None:
        authorisation.transactions.end(connector, "Local", id_tag)
    connector.locked_for = None


def judged(authorisation, id_tag: str, info: dict, transaction) -> None:
    """What the central system says of a card in a StartTransaction.conf (transaction: that one,
    which runs or ran) or a StopTransaction.conf (None); {}: nothing. An unknown status counts as a
    refusal."""
    facts = authorisation.facts
    _remember(authorisation, id_tag, info)
    if transaction is None:
        return
    connector = facts.connector(transaction.connector)
    status = info.get("status", "Accepted")
    if status == "Accepted" or connector is None or connector.transaction is not transaction:
        return
    facts.log("warn", "the central system calls the card %s" % (status or "what nobody knows"))
    if facts.settings["StopTransactionOnInvalidId"]:
        authorisation.transactions.end(connector, "DeAuthorized", None)
    else:
        authorisation.transactions.bound_energy(connector)
