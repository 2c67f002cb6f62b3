"""Looks up the IPv4 address of a host over UDP, while everything else goes on. Imported for each
look-up.

The interpreter's own getaddrinfo stops the whole program until it gives a silent server up. The
chip's watchdog does not wait that long: with a dead DNS server each try to connect would restart a
station in mid-charge. On the ESP32 that holds for names in .local too (5 s). This module asks for
them by multicast DNS: it sends one question to the group from a port of its own, and whoever has
the name answers as a DNS server would (RFC 6762, 5.1 and 6.7).

Rule 1: each try has its own socket, random source port and random number, so that an answer is hard
    to forge. The connected socket receives from the server only. (An answer in .local may come from
    anybody on the network.)
Rule 2: if the server is silent or fails, the last address to which this host was connected is
    tried; not if the server says that there is no such name. TLS checks who is at that address.
    Without TLS nobody checks an answer of DNS either.
"""

import os
import select
import socket

from micropython import const

from ..clock import Clock, sleep_ms
from ..protocol import dns

_GROUP = "224.0.0.251:5353"
_TRIES_MS = (1000, 2000, 3000)
_LOOK_MS = const(20)
_LONGEST = const(512)  # bytes of an answer over UDP (RFC 1035, 2.3.4)
_FIRST_PORT = const(49152)  # of those that nobody owns (RFC 6335, 6); their count is a power of two


async def address_of(host: str, server: str, last: "tuple[str, str] | None", log) -> str:
    """The host's address. If host is an address itself, nobody is asked.

    server: its address, and ":port" if that is not 53. last: (host, address) of the last
    connection. log(level, area, sentence) is called when that address is used. Raises OSError with
    a sentence when there is no address. Takes 6 s at most.
    """
    if dns.is_address(host):
        return host
    if ":" in host:
        raise OSError("addresses of IPv6 cannot be used here")
    is_local = host.lower().endswith(".local")
    server, _, port = (_GROUP if is_local else server).partition(":")
    reason = "this network names no DNS server"
    if dns.is_address(server) and server != "0.0.0.0":
        reason = (
            "nobody on this network answers to " + host
            if is_local
            else "the DNS server %s does not answer" % server
        )
        for wait_ms in _TRIES_MS:
            try:
                asked = dns.question(host, os.urandom(2))
                answer = await exchange(
                    socket_address(server, int(port or 53)),
                    is_local,
                    asked,
                    lambda data: dns.answer(asked, data),
                    wait_ms,
                )
            except OSError as error:
                reason = "the DNS server %s cannot be asked: %s" % (server, error)
                continue
            except ValueError:
                raise OSError("no host can be called " + host)
            if answer is None:
                continue
            code, addresses = answer
            if addresses:
                return addresses[os.urandom(1)[0] % len(addresses)]
            if code in (0, dns.NO_SUCH_NAME):
                raise OSError(
                    "DNS knows no %s %s" % ("IPv4 address of" if code == 0 else "host called", host)
                )
            reason = "the DNS server %s fails (code %d)" % (server, code)
    if last is None or last[0] != host:
        raise OSError(reason)
    log("warn", "dns", "%s; %s was at %s" % (reason, host, last[1]))
    return last[1]


async def exchange(server, is_group: bool, asked: bytes, understand, wait_ms: int):
    """Sends a question over UDP. Returns what understand(answer) finds in the first one that it does
    not answer with None. None: nothing came in time. Raises OSError."""
    port = _FIRST_PORT | int.from_bytes(os.urandom(2), "big")
    connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        connection.setblocking(False)
        connection.bind(socket_address("0.0.0.0", port))
        if is_group:
            connection.sendto(asked, server)
        else:
            connection.connect(server)
            connection.send(asked)
        poller = select.poll()
        poller.register(connection, select.POLLIN)
        patience = Clock()  # looks are not counted, as each sleep ends late
        patience.set_alarm(wait_ms)
        while not patience.rings():
            await sleep_ms(_LOOK_MS)
            found = understand(connection.recv(_LONGEST)) if poller.poll(0) else None
            if found is not None:
                return found
    finally:
        connection.close()
    return None


def socket_address(address: str, port: int):
    """An address in the form that the interpreter's sockets need. With an address getaddrinfo asks
    nobody."""
    return socket.getaddrinfo(address, port, 0, socket.SOCK_DGRAM)[0][-1]
