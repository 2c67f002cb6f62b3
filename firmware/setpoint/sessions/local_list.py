"""The Local Authorization List (OCPP 1.6, 3.5.2, 5.10, 5.15): the cards that the central system has
sent. Loaded for each use (late.py).

It lies in flash as sorted records (store/records.py), with listVersion as their number, and none of
it in RAM: the identifier in small letters is the key; status, expiryDate and parentIdTag are the
value."""

import struct

from micropython import const

from . import cache

_NAME = const("local-list")
_CARD = const(">20sBI20s")
_KEY = const(20)
_STATUSES = const(("Accepted", "Blocked", "ConcurrentTx", "Expired", "Invalid"))
_NEVER = const(0xFFFFFFFF)  # the card has no expiryDate
_CONFLICT = const("LocalListConflict")
UNREADABLE = const("in a local list that cannot be read")


def look_up(facts, documents, id_tag: str) -> "tuple[str, str | None] | None":
    """(AuthorizationStatus, parentIdTag or None) of a card in the list, or None where it has no such
    card. Upper and lower case are one. UNREADABLE is the status of every card that damage may
    hide."""
    key = _key(id_tag)
    if key is None or not facts.settings["LocalAuthListEnabled"]:
        return None
    try:
        value = documents.records(_NAME).find(key + bytes(_KEY - len(key)))
    except (OSError, ValueError) as error:
        facts.log("error", "the local list cannot be read: %s" % error)
        return UNREADABLE, None
    if value is None:
        return None
    _, number, expires, parent = struct.unpack(_CARD, key + bytes(_KEY - len(key)) + value)
    status = _STATUSES[number]
    if status == "Accepted" and expires != _NEVER and (facts.now is None or facts.now >= expires):
        status = "Expired"
    return status, parent.rstrip(b"\0").decode() or None


def version(facts, documents) -> int:
    """listVersion (OCPP 1.6, 5.10): 0 for an empty list, -1 where it is not enabled. A list that is
    damaged has the version 0 too, so that a central system that compares sends it anew."""
    if not facts.settings["LocalAuthListEnabled"]:
        return -1
    try:
        return documents.records(_NAME).number()
    except (OSError, ValueError) as error:
        facts.log("error", "the local list cannot be read: %s" % error)
        return 0


def change(facts, documents, request: dict) -> str:
    """UpdateStatus of a checked SendLocalList (OCPP 1.6, 5.15). Whatever is not Accepted has changed
    nothing."""
    settings = facts.settings
    if not settings["LocalAuthListEnabled"]:
        return "NotSupported"
    cards = request.get("localAuthorizationList", {"idTag": (), "idTagInfo": ()})
    full = request["updateType"] == "Full"
    number = max(request["listVersion"], 0)
    records = documents.records(_NAME)
    try:
        if not full and number <= records.number():
            facts.log("warn", "SendLocalList: version %d is not a later one" % number)
            return "VersionMismatch"
        changes = _changes(cards, full, settings["SendLocalListMaxLength"])
        if number < 1 and changes:
            raise ValueError("the version of cards is 1 at least")
        if not (full and records.holds(number, changes)):
            count = records.replace(
                number,
                settings["LocalAuthListMaxLength"],
                changes,
                not full,
            )
            facts.log("info", "the local list has %d cards, version %d" % (count, number))
    except ValueError as error:
        facts.log("warn", "SendLocalList failed: %s" % error)
        return "Failed"
    except OSError as error:
        facts.storage_failed("the local list cannot be written: %s" % error)
        return "Failed"
    cache.forget(facts, documents, cards["idTag"])
    facts.charge_point.on_fault(_CONFLICT, None, None, False)
    return "Accepted"


def compare(facts, id_tag: str, listed: str, said: str) -> None:
    """The list says `listed` of a card, and the central system has `said` this. Where only one of
    them is Accepted, connector 0 reports it until the next list (OCPP 1.6, 3.5.2)."""
    if listed != UNREADABLE and (listed == "Accepted") != (said == "Accepted"):
        info = "%s: list %s, now %s" % (id_tag, listed, said)
        facts.log("warn", "%s %s" % (_CONFLICT, info))
        facts.charge_point.on_fault(_CONFLICT, None, info, True)


def is_id_tag(text: str) -> bool:
    """Can a card of this idTag be in the list?"""
    return _key(text) is not None


def card_of(record: bytes) -> "tuple[str, str]":
    """(idTag in small letters, AuthorizationStatus as the list has it) of one of its records."""
    key, number, _, _ = struct.unpack(_CARD, record)
    return key.rstrip(b"\0").decode(), _STATUSES[number]


def _key(text: str) -> "bytes | None":
    """The bytes of a CiString20Type, printable ASCII, in small letters; None of another text."""
    data = text.encode()
    if not 0 < len(data) <= _KEY:
        return None
    for byte in data:
        if not 0x20 <= byte < 0x7F:
            return None
    return data.lower()


def _changes(cards: dict, full: bool, most: int) -> "list[bytes]":
    """The cards of a SendLocalList as changes of the records: the mere key of a card that is to
    go. Raises ValueError."""
    tags, infos = cards["idTag"], cards["idTagInfo"]
    if len(tags) > most:
        raise ValueError("a message may have %d cards, not %d" % (most, len(tags)))
    changes = []
    for at in range(len(tags)):
        key = _key(tags[at])
        info = infos[at]
        if key is None:
            raise ValueError("an idTag that is not 1 to 20 characters of ASCII")
        if info is not None:
            changes.append(_record(key, info))
        elif full:
            raise ValueError("a card without idTagInfo")
        else:
            changes.append(key + bytes(_KEY - len(key)))
    changes.sort()
    for at in range(1, len(changes)):
        if changes[at - 1][:_KEY] == changes[at][:_KEY]:
            raise ValueError("a card comes twice")
    return changes


def _record(key: bytes, info: dict) -> bytes:
    expires = info.get("expiryDate")
    parent = info.get("parentIdTag") or ""
    group = _key(parent) if parent else b""
    if group is None:
        raise ValueError("a parentIdTag that is not ASCII")
    return struct.pack(
        _CARD,
        key,
        _STATUSES.index(info["status"]),
        _NEVER if expires is None else min(max(expires, 0), _NEVER - 1),
        group,
    )
