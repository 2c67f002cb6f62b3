"""The name server of the access point: a phone that asks for any host is sent to this station, and
shows its page by itself (a captive portal)."""

import select

from ..clock import sleep_ms

_LOOK_MS = 20
_AT_ONCE = 8  # questions; then the others have their turn
_LONGEST = 512


async def answer_all(connection, address: str) -> None:
    """Answers what comes to a UDP socket, which does not block, until it is cancelled. address: the
    station's own, in four numbers."""
    from ..protocol.dns_server import reply

    own = bytes([int(part) for part in address.split(".")])
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    while True:
        await sleep_ms(_LOOK_MS)
        for _ in range(_AT_ONCE):
            if not poller.poll(0):
                break
            try:
                asked, who = connection.recvfrom(_LONGEST + 1)
                found = reply(asked, own)
                if found is not None:
                    connection.sendto(found, who)
            except OSError:
                pass  # who asked is gone, or the radio is full: it asks again
