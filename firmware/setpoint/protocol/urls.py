"""URLs (RFC 3986) as far as a charge point needs them, and the password of HTTP. Loaded with what
uses it (late.py)."""

import binascii

# RFC 3986, section 2.3
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_HEX = "0123456789abcdefABCDEF"
_PORTS = {"http": 80, "https": 443, "ftp": 21}
_LONGEST = 2048  # characters; the links that stores of files sign have a thousand and more


class BadUrl(ValueError):
    """A URL cannot be used. The argument is a sentence without the URL: it may hold a password."""


def host_and_port(authority: str, default: int) -> "tuple[str, int]":
    """Of host[:port]; an address of IPv6 stands in brackets. Raises BadUrl."""
    host, port = authority, ""
    if authority[:1] == "[":
        host, _, port = authority[1:].partition("]")
        port = port[1:] if port[:1] == ":" else port
    elif ":" in authority:
        host, _, port = authority.partition(":")
    if not host or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise BadUrl("must name a host and a port from 1 to 65535")
    return host, int(port or default)


def parts_of(url: str, schemes: tuple = ("http", "https")) -> tuple:
    """(TLS, Host field, host, port, path with query, (user, password) as bytes or None) of
    http[s]://[user:password@]host[:port][/path][?query]. Raises BadUrl."""
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in schemes:
        raise BadUrl("the URL of a file must begin with %s://" % ":// or ".join(schemes))
    if len(url) > _LONGEST or not all(["!" <= c <= "~" for c in url]):
        raise BadUrl(
            "the URL of a file must be at most %d characters of ASCII, without blanks" % _LONGEST
        )
    rest = rest.partition("#")[0]
    ends = [rest.find(mark) for mark in "/?" if mark in rest]
    end = min(ends) if ends else len(rest)
    login, at, authority = rest[:end].rpartition("@")
    try:
        host, port = host_and_port(authority, _PORTS[scheme])
    except BadUrl as error:
        raise BadUrl("the URL of a file %s" % error)
    target = rest[end:]
    user, _, password = login.partition(":")
    return (
        scheme == "https",
        authority,
        host,
        port,
        target if target[:1] == "/" else "/" + target,
        (percent_decoded(user), percent_decoded(password)) if at else None,
    )


def joined(url: str, reference: str) -> str:
    """The URL that a reference leads to from another one (RFC 3986, 5.2, without dot segments). A
    password stays where the host does."""
    if "://" in reference.partition("?")[0]:
        return reference
    scheme, _, rest = url.partition("://")
    if reference[:2] == "//":
        return scheme + ":" + reference
    rest = rest.partition("#")[0].partition("?")[0]
    authority, _, path = rest.partition("/")
    if reference[:1] == "/":
        path = ""
    elif reference[:1] != "?":
        folder, slash, _ = path.rpartition("/")
        path = "/" + folder + slash
    else:
        path = "/" + path
    return scheme + "://" + authority + path + reference


def percent_encoded(text: str) -> str:
    """Text as one segment of a path: "CP 01/a" is "CP%2001%2Fa"."""
    return "".join([chr(b) if chr(b) in _UNRESERVED else "%%%02X" % b for b in text.encode()])


def percent_decoded(text: str) -> bytes:
    """The bytes that a part of a URL stands for; a "%" that is not followed by two hexadecimal
    digits stands for itself."""
    first, *rest = text.split("%")
    decoded = first.encode()
    for part in rest:
        digits = part[:2]
        if len(digits) == 2 and all([digit in _HEX for digit in digits]):
            decoded += binascii.unhexlify(digits) + part[2:].encode()
        else:
            decoded += b"%" + part.encode()
    return decoded


def authorization(user: bytes, password: bytes) -> str:
    """The header line of HTTP basic authentication (RFC 7617)."""
    return "Authorization: Basic " + binascii.b2a_base64(user + b":" + password).strip().decode()
