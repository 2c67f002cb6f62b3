"""Finds the name that somebody meant: `closest("csms_ulr", names)` is "csms_url"."""


def closest(word: str, names: "list[str]") -> "str | None":
    """The name with the fewest slips from `word`, at most one in three characters, or None."""
    best = None
    fewest = len(word) // 3 + 1
    for name in names:
        count = slips(_plain(word), _plain(name))
        if count < fewest:
            best, fewest = name, count
    return best


def slips(a: str, b: str) -> int:
    """How many characters must be added, left out, changed, or swapped with their neighbour."""
    before = None
    row = list(range(len(b) + 1))  # of an empty `a`
    for i in range(1, len(a) + 1):
        last, before, row = before, row, [i]
        for j in range(1, len(b) + 1):
            same = a[i - 1] == b[j - 1]
            count = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (not same))
            if last is not None and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                count = min(count, last[j - 2] + 1)
            row.append(count)
    return row[-1]


def _plain(name: str) -> str:
    """Hyphens, blanks and capitals are no slips."""
    return name.lower().replace("-", "_").replace(" ", "_")
