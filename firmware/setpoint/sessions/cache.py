"""The authorisation cache (OCPP 1.6, 3.5.1): what the central system last said about each card.
Loaded for each use.

One document in flash, nothing in RAM: a text of lines "card, status, expiry (an instant or
nothing), parent", separated by tabs, the oldest first. It is written only when an answer says
something new about a card."""

from micropython import const

_MOST = const(40)  # cards; the oldest goes first


def look_up(facts, documents, id_tag: str) -> "tuple[str, str | None] | None":
    """(AuthorizationStatus, parentIdTag or None) of a card, or None where nothing is known. Upper
    and lower case are one."""
    text = _text(documents)
    start = text.find("\n%s\t" % id_tag.lower())
    if start < 0:
        return None
    status, expires, parent = text[start + 1 :].split("\n", 1)[0].split("\t")[1:]
    if expires and (facts.now is None or facts.now >= int(expires)):
        status = "Expired"
    return status, parent or None


def remember(facts, documents, id_tag: str, info: dict) -> None:
    """Stores the idTagInfo of an answer with a status, as far as it can be read. A card that is
    accepted until a date that cannot be read is not stored."""
    status = info["status"]
    expires = info.get("expiryDate", "")
    parent = info.get("parentIdTag") or ""
    if not facts.settings["AuthorizationCacheEnabled"]:
        return
    if expires is None:
        if status == "Accepted":
            return
        expires = ""
    if "\t" in id_tag + parent or "\n" in id_tag + parent:
        return
    text = _text(documents)
    line = "\n%s\t%s\t%s\t%s" % (id_tag.lower(), status, expires, parent)
    start = text.find("\n%s\t" % id_tag.lower())
    if start >= 0:
        end = text.find("\n", start + 1)
        text = text[:start] + line + (text[end:] if end >= 0 else "")
    else:
        if text.count("\n") >= _MOST:
            text = text[text.index("\n", 1) :]
        text += line
    write(facts, documents, text)


def forget(facts, documents, id_tags) -> None:
    """Removes these cards."""
    text = kept = _text(documents)
    for id_tag in id_tags:
        start = kept.find("\n%s\t" % id_tag.lower())
        if start >= 0:
            end = kept.find("\n", start + 1)
            kept = kept[:start] + (kept[end:] if end >= 0 else "")
    if kept != text:
        write(facts, documents, kept)


def _text(documents) -> str:
    return documents.read("cache", "", _understood)


def _understood(text: str) -> str:
    """Raises ValueError for a text that `remember` cannot have written."""
    for line in text.split("\n")[1:]:
        _, _, expires, _ = line.split("\t")
        int(expires or 0)
    return text


def write(facts, documents, text: str) -> bool:
    """Writes the whole text to flash. Returns False when that fails, and logs it."""
    try:
        documents.write("cache", text)
    except OSError as error:
        facts.storage_failed("the authorisation cache cannot be written: %s" % error)
        return False
    return True
