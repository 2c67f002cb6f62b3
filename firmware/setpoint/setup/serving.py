"""Which request gets which answer in set-up mode.

A phone that has joined asks some host of its maker's whether there is an Internet. Every such
request is sent on to the page, and the phone shows it. What is below /api is answered under the
station's own address alone: no page of anybody else's can read it, or change anything."""

import json

from ..protocol.http_request import RequestError
from .phases import FAILED, TRYING, WAITING

_MOST_FORM = 4096
_NAMES = ("ssid", "wifi_password", "url", "id", "password", "ca", "open", "free_vend")


async def serve(mode, exchange) -> None:
    """One connection. Raises OSError, MemoryError: then it is closed as it is."""
    try:
        if await exchange.head():
            await _serve(mode, exchange)
    except RequestError as error:
        if not exchange.begun:
            await exchange.refuse(*error.args)


async def _serve(mode, exchange) -> None:
    request = exchange.request
    reads = request.method in ("GET", "HEAD")
    host = request.fields.get("host", "").partition(":")[0].lower()
    if host not in mode.way.names():
        if not reads:
            raise RequestError(421, "host", "This station has another name or address.")
        await _send_on(mode, exchange)
    elif request.path == "/" and reads:
        from ..page.serving import send_document
        from .document import ETAG, PARTS

        await send_document(exchange, ETAG, PARTS)
    elif request.path == "/api/set-up" and reads:
        await _state(mode, exchange)
    elif request.path == "/api/set-up" and request.method == "POST":
        await _begin(mode, exchange)
    elif request.path == "/api/networks" and reads:
        await _networks(mode, exchange)
    elif request.path[:5] == "/api/":
        raise RequestError(404, "not_found", "There is nothing at this address.")
    elif reads:
        await _send_on(mode, exchange)
    else:
        raise RequestError(405, "method", "This address takes GET.")


async def _send_on(mode, exchange) -> None:
    await exchange.begin(302, None, "Location: %s\r\n" % mode.way.url(), 0)
    await exchange.end()


async def _state(mode, exchange) -> None:
    from .. import __version__

    old = mode.old
    wifi, page, keys = old.get("wifi") or {}, old.get("page") or {}, old.get("keys") or {}
    await exchange.begin(200, "application/json")
    await exchange.write(
        json.dumps(
            {
                "name": mode.way.access_point,
                "version": __version__,
                "phase": mode.phase,
                "left_s": mode.left_s(),
                "needs_password": mode.remote,
                "urls": mode.way.page_urls(),
            }
        )[:-1]
    )
    await exchange.write(',"was":')
    await exchange.write(
        json.dumps(
            {
                "identity": bool(old),
                "ssid": wifi.get("ssid"),
                "wifi_password": bool(wifi.get("password")),
                "url": old.get("csms_url"),
                "id": old.get("charge_point_id"),
                "password": bool(old.get("basic_auth")),
                "ca": bool((old.get("tls") or {}).get("ca_file")),
                "open": bool(page.get("open")),
                "free_vend": keys.get("FreeVendActive") == "true",
            }
        )
    )
    await exchange.write(',"steps":[')
    comma = ""
    for step in mode.steps:
        await exchange.write(comma + json.dumps(step))
        comma = ","
    await exchange.write("]}")
    await exchange.end()
    mode.told()


async def _networks(mode, exchange) -> None:
    if mode.phase == TRYING:
        raise RequestError(409, "trying", "A try is under way: wait for its end.")
    try:
        found = [] if mode.remote else await mode.way.networks()
    except OSError as error:
        raise RequestError(503, "radio", "The radio does not look around: %s." % error)
    await exchange.begin(200, "application/json")
    comma = '{"networks":['
    for ssid, rssi, secured in found:
        await exchange.write(comma + json.dumps({"ssid": ssid, "rssi": rssi, "secured": secured}))
        comma = ","
    await exchange.write("]}" if found else comma + "]}")
    await exchange.end()


async def _begin(mode, exchange) -> None:
    form = await exchange.fields(_MOST_FORM)
    if mode.remote:
        await _check_password(mode, form.get("station_password"))
    if mode.phase not in (WAITING, FAILED):
        raise RequestError(409, "trying", "A try is under way: wait for its end.")
    from . import wishes

    try:
        identity, pem = wishes.identity_from(
            {name: form.get(name) for name in _NAMES},
            mode.old,
            mode.password,
            mode.board.root + "/ca.pem",
        )
    except wishes.Wrong as wrong:
        field, sentence = wrong.args
        raise RequestError(400, field, sentence[:1].upper() + sentence[1:] + ".")
    mode.begin(identity, pem, form.get("anyway") is True)
    await exchange.answer("{}")


async def _check_password(mode, given) -> None:
    """Raises RequestError."""
    from ..page.access import is_password, tried, wait_s

    up_ms = mode.clock.uptime_ms()
    if wait_s(mode, up_ms):
        raise RequestError(429, "too_many", "Too many wrong passwords: try again in a minute.")
    import os

    right = is_password(mode.password, given, os.urandom(16))
    tried(mode, right, up_ms)
    if not right:
        raise RequestError(401, "wrong_password", "This is not the station's password.")
