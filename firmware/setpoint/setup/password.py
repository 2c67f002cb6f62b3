"""The station's own password: of its access point in set-up mode, and of its page in operation. One
for each station.

`make flash` makes it and writes it into /password, a file of its own: so it outlives an identity
that is written anew. An identity that names another one for the page (page.password) comes first. A
station that has none, as it was installed from a browser, makes one itself.
"""

import json

from ..store.files import write_file

# Without those that look alike; and with no upper case, which is slow to type on a phone
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 10  # 31 ** 10: 49 bits
LEAST, MOST = 8, 63  # characters of a WPA2 password (IEEE 802.11, J.4)
FILE = "/password"


def made(random) -> str:
    """A new one. random(n): n bytes from a strong source."""
    found = ""
    while len(found) < LENGTH:
        place = random(1)[0] & 31
        if place < len(ALPHABET):  # else not all of them would be equally likely
            found += ALPHABET[place]
    return found


def is_fit(password) -> bool:
    """Does WPA2 take it?"""
    return (
        type(password) is str
        and LEAST <= len(password) <= MOST
        and all([" " <= char <= "~" for char in password])
    )


def of_identity(identity) -> "str | None":
    page = identity.get("page") if type(identity) is dict else None
    password = page.get("password") if type(page) is dict else None
    return password if is_fit(password) else None


def own(root: str) -> "str | None":
    """The password of this station; None: it has none. root: prefix of the paths of its files."""
    found = of_identity(identity(root))
    if found is not None:
        return found
    try:
        with open(root + FILE) as file:
            found = file.read().strip()
    except (OSError, ValueError):
        return None
    return found if is_fit(found) else None


def make(root: str, random) -> str:
    """A new one, in flash. Raises OSError."""
    password = made(random)
    write_file(root + FILE, "wb", password.encode())
    return password


def identity(root: str) -> "dict | None":
    """What /identity.json holds; None: there is none, or it is broken."""
    try:
        with open(root + "/identity.json") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if type(found) is dict else None
