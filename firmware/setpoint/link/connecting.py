"""Tries once to connect: from the identity to an open WebSocket, or the reason why there is none.

The module is imported for the try, with all that it needs, and dropped afterwards (late.py).

Rule 1: a stream that is opened here is closed here, unless its connection is returned.
Rule 2: no redirect is followed, and wss:// never becomes ws://.
Rule 3: a password leaves only in an HTTP request to the host in the URL. With TLS, that host's
    certificate and name have been checked before.
"""

import binascii
import errno
import os

from micropython import const

from ..protocol.handshake import Handshake, HandshakeError
from ..protocol.urls import BadUrl, authorization, host_and_port, percent_encoded
from .websocket import Connection

PROTOCOL = "ocpp1.6"
_READ_AT_ONCE = const(512)


async def attempt(
    network, identity: dict, shown: tuple, clock, max_message: int, documents=None
) -> tuple:
    """(Connection, "", None, 0), or (None, why not in a sentence, a security event or None, seconds
    to wait at least).

    identity: csms_url, charge_point_id, basic_auth (a password, {"user", "password"} or None), tls
    (secure.py). shown: (security profile, AuthorizationKey in hexadecimal digits, number of the
    station's own certificate); a profile None: the one that follows from URL and password.
    documents: where installed certificates are kept. There is no time-out here."""
    profile, key, own_number = shown
    try:
        secure, host_field, host, port, path = parts_of(
            identity["csms_url"], identity["charge_point_id"], (profile or 0) >= 2
        )
        url = "ws%s://%s%s" % ("s" if secure else "", host_field, path)
        password = None if profile in (0, 3) else password_of(identity, key)
        headers = () if password is None else (authorization(*password),)
        handshake = Handshake(host_field, path, PROTOCOL, os.urandom, headers)
        if not secure:
            stream = await network.open(host, port)
            return await _opened(stream, handshake, None, max_message), "", None, 0
        from .secure import Check

        secure = Check(identity.get("tls") or {}, host, clock, documents, own_number)
        try:
            while True:
                stream = await network.open(
                    host, port, tls=secure.context, server_hostname=secure.name
                )
                connection = await _opened(stream, handshake, secure, max_message)
                if connection is not None:
                    return connection, "", None, 0
        finally:
            secure.end()
    except HandshakeError as error:
        event = "FailedToAuthenticateAtCentralSystem" if error.status in (401, 403) else None
        wait_s = error.retry_after_s or 0 if error.status in (429, 503) else 0
        return None, error.reason, event, wait_s
    except ValueError as error:  # BadUrl, or Refused of secure.py with its event
        return None, error.args[0], error.args[1] if len(error.args) > 1 else None, 0
    except OSError as error:
        return None, "no connection to %s: %s" % (url, in_words(error, host, port)), None, 0


def in_words(error: OSError, host: str, port: int) -> str:
    """What the network did, with the host that it is about."""
    if error.errno == errno.ECONNREFUSED:
        return "nobody listens at %s port %d (ECONNREFUSED)" % (host, port)
    if error.errno == errno.EHOSTUNREACH:
        return "%s is not reached (EHOSTUNREACH)" % host
    if "addrinfo" in str(error):  # the unix port's look-up names no host
        return "no address is known of %s (%s)" % (host, str(error).strip("[]"))
    return str(error)


async def _opened(stream, handshake, secure, max_message: int) -> "Connection | None":
    """The WebSocket on a stream. None: `secure` learned something from the refused certificate, so try
    again."""
    connection = None
    try:
        await stream.write(handshake.request())
        rest = None
        while rest is None:
            data = await stream.read(_READ_AT_ONCE)
            if not data:
                raise HandshakeError("the server hung up during the handshake")
            rest = handshake.feed(data)
        connection = Connection(stream, max_message, rest)
        connection.root = secure and secure.root
    except (OSError, ValueError) as error:
        if secure is None:
            raise
        secure.explain(error)
    finally:
        if connection is None:
            stream.close()
    return connection


def parts_of(url: str, last_segment: str, secure: bool) -> "tuple[bool, str, str, int, str]":
    """(TLS, Host field, host, port, path) of ws[s]://host[:port]/path; the path gets last_segment,
    encoded, at its end.

    secure: TLS even if the URL says ws://. Raises BadUrl."""
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme not in ("ws", "wss") or not separator:
        raise BadUrl("the URL of the central system must begin with ws:// or wss://")
    secure = secure or scheme == "wss"
    authority, _, path = rest.partition("/")
    if "@" in authority:
        raise BadUrl("a password does not belong into the URL; use basic_auth")
    if "?" in rest or "#" in rest or " " in rest or not all([" " < c <= "~" for c in rest]):
        raise BadUrl(
            "the URL of the central system must be plain: no query, no fragment, no blanks"
        )
    try:
        host, port = host_and_port(authority, 443 if secure else 80)
    except BadUrl as error:
        raise BadUrl("the URL of the central system %s" % error)
    while path[-1:] == "/":
        path = path[:-1]
    path = "/" + (path + "/" if path else "") + percent_encoded(last_segment)
    return secure, authority, host, port, path


def password_of(identity: dict, key: "str | None") -> "tuple[bytes, bytes] | None":
    """(user, password). The AuthorizationKey overrules basic_auth. Without a user the charge
    point's id is the user."""
    auth = identity.get("basic_auth")
    if type(auth) is not dict:
        auth = {"password": auth}
    user = auth.get("user") or identity["charge_point_id"]
    if key:
        return user.encode(), binascii.unhexlify(key)
    password = auth.get("password")
    return (user.encode(), password.encode()) if password else None
