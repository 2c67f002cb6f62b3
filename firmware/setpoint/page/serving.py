"""Which request gets which answer. The order: the head, the host that it is meant for, whether there
is such a path, who asks, and only then the body.

Host: a page on the internet may have its name point at this station, and read here as if it were
its own (DNS rebinding). So only names that are this station's own are answered.

What a path leads to stands in a file of its own, loaded for the request. Such a file says what is
wrong by `exchange.refuse`; RequestError is Exchange's and this file's alone (late.py, rule 2)."""

from .. import late
from ..protocol.http_request import RequestError

# Path: methods. A path that ends with "/" has something behind it
_PATHS = {
    "/": "GET HEAD",
    "/api/login": "POST",
    "/api/state": "GET HEAD",
    "/api/plan": "GET HEAD",
    "/api/sessions": "GET HEAD",
    "/api/sessions.csv": "GET HEAD",
    "/api/log": "GET HEAD",
    "/api/weekly-plan": "GET HEAD PUT DELETE",
    "/api/cards": "GET HEAD POST",
    "/api/cards/": "DELETE",
    "/api/pause": "POST",
    "/api/resume": "POST",
    "/api/limit": "POST",
    "/api/start": "POST",
    "/api/stop": "POST",
    "/api/free-vend": "POST",
    "/api/restart": "POST",
    "/api/update": "POST",
}
_LOGIN = "Log in with the owner's password."


async def serve(app, door, exchange, others: list) -> None:
    """One connection; others: these, and those that are there beside it. Raises OSError, MemoryError: then it is closed as it is."""
    try:
        if not await exchange.head():
            return
        await _serve(app, door, exchange, others)
    except RequestError as error:
        if not exchange.begun:
            await exchange.refuse(*error.args)


async def _serve(app, door, exchange, others: list) -> None:
    request = exchange.request
    if not request.fields.get("host"):
        raise RequestError(400, "host", "The request names no Host.")
    if not _is_ours(request.fields["host"], door.names()):
        raise RequestError(421, "host", "This station has another name or address.")
    path = request.path
    known = path if path in _PATHS else path[: path.rfind("/") + 1]
    methods = _PATHS.get(known) if known != "/" or path == "/" else None
    if methods is None:
        raise RequestError(404, "not_found", "There is nothing at this address.")
    if request.method not in methods.split():
        await exchange.refuse(
            405,
            "method",
            "This address takes %s." % methods.replace(" ", ", "),
            "Allow: %s\r\n" % methods.replace(" ", ", "),
        )
        return
    may_look = door.open and request.method in ("GET", "HEAD")
    if path == "/":
        from .document import ETAG, PARTS

        await send_document(exchange, ETAG, PARTS)
    elif path == "/api/login":
        await _login(app, door, exchange)
    elif not (may_look or is_owner(app, door, request)):
        await exchange.refuse(401, "login", _LOGIN, "WWW-Authenticate: Bearer\r\n")
    else:
        exchange.logged_in = is_owner(app, door, request)
        exchange.needs_password = not door.open
        late.forget()  # of what has said who asks
        exchange.serves = _loaded(known, others)
        exchange.path = known
        await exchange.serves(app, exchange)


def _is_ours(host: str, names) -> bool:
    name, _, port = host.partition(":")
    return name.lower() in names and (not port or port.isdigit())


def _loaded(path: str, others: list):
    """What makes the answers at a path: loaded for this request, or for another one that goes on."""
    for other in others:
        if other.path == path and other.serves is not None:
            return other.serves
    if path == "/api/state":
        from .state import answer as found
    elif path == "/api/plan":
        from .curves import answer as found
    elif path == "/api/sessions":
        from .sessions import answer as found
    elif path == "/api/sessions.csv":
        from .sessions import csv as found
    elif path == "/api/log":
        from .texts import log as found
    elif path == "/api/weekly-plan":
        from .texts import plan as found
    elif path == "/api/cards":
        from .cards import answer as found
    elif path == "/api/cards/":
        from .cards import remove as found
    elif path == "/api/update":
        from .install import answer as found
    else:
        from .actions import answer as found
    return found


# -- who asks


def is_owner(app, door, request) -> bool:
    """Does the request show a token of ours?"""
    from .access import is_token

    scheme, _, found = request.fields.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return False
    station, clock = app.station, app.clock
    return is_token(
        found.strip(),
        door.password,
        _salt(app),
        station.seed,
        clock.now(),
        clock.uptime_ms() // 1000,
    )


def _salt(app) -> str:
    """In flash: made for the first who asks. Where flash does not take it, this start has one."""
    if app.page.salt is None:
        from binascii import hexlify

        documents = app.documents
        salt = documents.read("page", {}).get("salt")
        if type(salt) is not str:
            salt = hexlify(app.station.facts.credentials.random(16)).decode()
            try:
                documents.write("page", {"salt": salt})
            except OSError as error:
                app.log("error", "page", "its salt cannot be written: %s" % error)
        app.page.salt = salt
    return app.page.salt


async def _login(app, door, exchange) -> None:
    from .access import LASTS_S, is_password, token, tried, wait_s

    given = (await exchange.fields()).get("password")
    left_s = wait_s(app.page, app.clock.uptime_ms())
    if left_s:
        await _refuse_for(exchange, left_s)
        return
    salt = _salt(app)
    right = is_password(door.password, given, salt.encode())
    if tried(app.page, right, app.clock.uptime_ms()):
        app.log("warn", "page", "%d wrong passwords in a row" % app.page.wrong)
        await _refuse_for(exchange, wait_s(app.page, app.clock.uptime_ms()))
    elif not right:
        await exchange.refuse(401, "wrong_password", "This is not the owner's password.")
    else:
        up_s = app.clock.uptime_ms() // 1000
        await exchange.answer(
            '{"token":"%s","expires_s":%d}'
            % (token(door.password, salt, app.station.seed, app.clock.now(), up_s), LASTS_S)
        )


async def _refuse_for(exchange, left_s: int) -> None:
    await exchange.refuse(
        429,
        "too_many",
        "Too many wrong passwords: try again in %d s." % left_s,
        "Retry-After: %d\r\n" % left_s,
    )


# -- the page itself

_CSP = (
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'\r\n"
)


async def send_document(exchange, etag: str, parts: tuple) -> None:
    """A page that was compressed with gzip (tools/page.py); nothing where the client has it already.
    Raises OSError."""
    fields = 'Cache-Control: no-cache\r\nETag: "%s"\r\n%s' % (etag, _CSP)
    if exchange.request.fields.get("if-none-match", "").strip('W/" ') == etag:
        await exchange.begin(304, None, fields)
        await exchange.end()
        return
    fields += "Content-Encoding: gzip\r\n"
    await exchange.begin(200, "text/html; charset=utf-8", fields, sum([len(p) for p in parts]))
    for part in parts:
        await exchange.write(part)
    await exchange.end()
