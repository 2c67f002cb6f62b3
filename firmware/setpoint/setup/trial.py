"""Tries whether a central system can be reached, step by step, for a person who sets a station up:
in set-up mode, and for `make provision` at the cable.

    network = await board's own way to join
    connection = await reach(network, look_up, identity, clock, say, food)
    await register(connection, identity, clock, say, food)

`say(step, sentence)` is called for each step that went well: dns, tcp, authority (where one is to
be found), tls or websocket, ocpp. The first that did not is raised as Stop. `food()` is called between two steps: the watchdog's."""

import asyncio
import gc
import json
import os
from binascii import hexlify

from ..clock import Clock

ANSWER_S = 20
_MAX_MESSAGE = 8192
_INSIDE_TLS = "the server "  # so begins what protocol/handshake.py has against an answer


class Stop(Exception):
    """Arguments: the step, why it went wrong in a sentence, and a word for that reason, by which a
    page in another language knows it."""


async def reach(
    network, look_up, identity: dict, clock, say, food, answer_s: int = ANSWER_S, search=None
):
    """An open WebSocket to the central system of an identity. look_up(host): its address; raises
    OSError. search: what puts one public authority after the other into the identity's ca_file
    (search.py), None: that is there. Raises Stop, and OSError where a search does."""
    from ..link import connecting

    try:
        secure, _, host, port, path = connecting.parts_of(
            identity["csms_url"], identity["charge_point_id"], False
        )
    except ValueError as error:
        raise Stop("url", error.args[0], "url")
    try:
        address = await look_up(host)
    except OSError as error:
        raise Stop(
            "dns",
            "no address is known for %s (%s): check the name, and that this network has a way to the Internet"
            % (host, error),
            "dns",
        )
    say("dns", "%s is %s" % (host, "known" if address == host else address))
    food()
    try:
        stream = await asyncio.wait_for(network.open(host, port), answer_s)
        stream.close()
    except asyncio.TimeoutError:
        raise Stop(
            "tcp",
            "%s does not answer at port %d within %d s: a firewall?" % (host, port, answer_s),
            "silent",
        )
    except OSError as error:
        raise Stop("tcp", "%s takes no connection at port %d (%s)" % (host, port, error), "refused")
    say("tcp", "%s listens at port %d" % (host, port))
    food()
    why = "no public authority is known here"
    while True:
        if search is not None and not search.next():
            raise Stop(
                "authority",
                "%s: none of %d public ones is behind it; give the certificate of its authority (PEM)"
                % (why, search.tried),
                "unknown",
            )
        try:
            connection, why, event, _ = await asyncio.wait_for(
                connecting.attempt(network, identity, (None, None, 0), clock, _MAX_MESSAGE),
                answer_s,
            )
        except asyncio.TimeoutError:
            raise Stop("websocket", "no answer within %d s" % answer_s, "silent")
        if search is None or not _is_distrust(why):
            break
        gc.collect()  # a context of TLS keeps memory outside Python's heap until then
        food()
    if search is not None:
        search.found = connection is not None or why.startswith(_INSIDE_TLS)
        if search.found or event is not None:
            say("authority", "%s vouches for it" % search.name)
    if connection is None:
        of_tls = event and "Certificate" in event or "TLS" in why or "ertificate" in why
        raise Stop("tls" if of_tls else "websocket", why, _word_for(why, event, of_tls))
    say("tls and websocket" if secure else "websocket", "%s at %s" % (connecting.PROTOCOL, path))
    return connection


def _is_distrust(why: str) -> bool:
    """Did TLS end because of the authority, and not of what it vouches for? One of a kind that this
    interpreter's TLS does not know vouches for nothing."""
    return "is not signed by an authority" in why or "there is no certificate in" in why


def _word_for(why: str, event: "str | None", of_tls) -> str:
    if of_tls:
        return "tls_name" if "is not for the name" in why and "signed" not in why else "tls"
    if event == "FailedToAuthenticateAtCentralSystem":
        return "unauthorized"
    if "does not speak ocpp1.6" in why:
        return "protocol"
    return "not_found" if "answered 404" in why else "websocket"


async def register(connection, identity: dict, say, food, answer_s: int = ANSWER_S) -> None:
    """Says BootNotification, and waits for the answer. Raises Stop, OSError."""
    payload = {
        "chargePointVendor": identity.get("vendor") or "Setpoint",
        "chargePointModel": identity.get("model") or "Provisioning",
    }
    call = hexlify(os.urandom(8)).decode()  # never used before (OCPP-J 1.6, 4.1.4)
    await connection.send(json.dumps([2, call, "BootNotification", payload]))
    patience = Clock()
    patience.set_alarm(answer_s * 1000)
    while not patience.rings():
        food()
        try:
            event = await asyncio.wait_for(connection.receive(), answer_s)
        except asyncio.TimeoutError:
            break
        if event[0] == "close":
            raise Stop(
                "ocpp", "the central system hung up: %d %s" % (event[1], event[2]), "hung_up"
            )
        if event[0] != "text":
            continue
        try:
            answer = json.loads(event[1])
            kind, number = answer[:2]
            words = (answer[2].get("status"),) if kind == 3 else tuple(answer[2:4])
        except (ValueError, TypeError, AttributeError, IndexError):
            continue  # nonsense, or a call of the central system's
        if number != call:
            continue
        if words[0] == "Rejected" and kind == 3:
            raise Stop(
                "ocpp",
                "the central system rejects this charge point: register the id %s there"
                % identity["charge_point_id"],
                "rejected",
            )
        if kind == 3:
            say("ocpp", "BootNotification: %s" % words[0])
            return
        if kind == 4:
            raise Stop(
                "ocpp",
                "the central system answers BootNotification with %s: %s" % (words + ("", ""))[:2],
                "error",
            )
    raise Stop("ocpp", "no answer to BootNotification within %d s" % answer_s, "silent")
