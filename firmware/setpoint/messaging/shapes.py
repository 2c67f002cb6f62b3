"""What documents and lines of the journal look like that this program writes. Flash may hold
another program's, with a right checksum.
"""

# The items of each kind of line, and of the lists in them: i int, s str, w a moment, x an id; j, t,
# v: i, s, w or None; each other small letter a list of such lists. S may have a reservationId behind
# it
_SHAPES = " S:isisivt M:isiiwis E:isiwistd H:isiiicrp I:isix R:isijtj T:isiii W:isiwis c:iii r:iisivjdtj d:wis p:ix w:ii x:siv "


def all_texts(found):
    """The dict that was stored, if its values are texts. Raises ValueError."""
    return _all(str, found, found.values())


def all_ints(found):
    """The list or dict that was stored, if its items are ints. Raises ValueError."""
    return _all(int, found, found.values() if type(found) is dict else found)


def _all(kind, found, items):
    for item in items:
        if type(item) is not kind:
            raise ValueError("%s is no %s" % (repr(item)[:20], kind.__name__))
    return found


def is_line(line: list) -> bool:
    """Is it one of those that ledger.py and transaction.py write?"""
    return (
        len(line) > 1
        and type(line[1]) is str
        and len(line[1]) == 1
        and fits(line, _shape_of(line[1]) + ("i" if line[1] == "S" and len(line) == 8 else ""))
    )


def _shape_of(kind: str) -> str:
    start = _SHAPES.find(" %s:" % kind) + 3
    return _SHAPES[start : _SHAPES.find(" ", start)] if start > 2 else ""


def fits(items, shape: str) -> bool:
    """Is it a list of the items that a shape speaks of?"""
    if type(items) is not list or len(items) != len(shape):
        return False
    for i in range(len(shape)):
        item, kind = items[i], shape[i]
        if kind in "jtv":
            if item is None:
                continue
            kind = "isw"["jtv".find(kind)]
        if type(item) is (str if kind == "s" else int):
            if kind in "iswx":
                continue
            return False
        if kind in "is" or (kind not in "wx" and type(item) is not list):
            return False
        inner = _shape_of(kind)
        for one in (item,) if kind in "wx" else item:
            if not fits(one, inner):
                return False
    return True
