"""How charge points reach a central system, and who may: addresses, HTTP Basic passwords, TLS."""

from __future__ import annotations

import base64
import socket
import ssl
from typing import Callable

from websockets.http11 import Request


def addresses(host: str) -> list[str]:
    """Those of this machine at which a charge point reaches a server that listens on `host`."""
    if host not in ("", "0.0.0.0"):
        return [host]
    found = []
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # sends nothing: the system chooses the way out
            found.append(probe.getsockname()[0])
    except OSError:
        pass  # no network
    try:
        found += socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        pass  # the machine's name is in no table
    return list(dict.fromkeys([*(a for a in found if a != "0.0.0.0"), "127.0.0.1"]))


def reason_for_401(request: Request, charge_point: str, password: str) -> str | None:
    """Why HTTP Basic authentication fails; None: it does not. The user is the charge point's id."""
    given = request.headers.get("Authorization", "")
    if not given:
        return "it gave no password"
    try:
        user, _, word = base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
    except ValueError:
        return "it gave no HTTP Basic password"
    if user != charge_point:
        return "it gave the user %s, not its id" % user
    return None if word == password else "its password is wrong"


def tls_context(
    cert: str, key: str | None, client_ca: str | None, tell: Callable[[str], None]
) -> ssl.SSLContext:
    """The server's side of TLS; `tell` hears why a handshake failed. With `client_ca` a charge
    point must show a certificate of that authority. Raises OSError."""

    class Telling(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            try:
                super().do_handshake(block)
            except OSError as error:
                tell(str(getattr(error, "reason", None) or error))
                raise

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslsocket_class = Telling
    context.load_cert_chain(cert, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
