"""A DNS server in the same program as the resolver."""

import socket

from setpoint.clock import sleep_ms

A = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04"  # an address of the name in the question


def bound():
    """(a UDP socket, its port)"""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setblocking(False)
    for port in range(20000, 60000, 41):
        try:
            server.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        except OSError:
            continue
        return server, port


def reply(asked, *addresses, flags=b"\x81\x80"):
    return (
        asked[:2]
        + flags
        + bytes((0, 1, 0, len(addresses), 0, 0, 0, 0))
        + asked[12:]
        + b"".join([A + bytes(address) for address in addresses])
    )


ADDRESS = (10, 1, 2, 3)


class NameServer:
    """Stands in for DNS: it answers, lies, is late or silent, as its test says.

    replies: for each question a function from it to the texts to send; the last one for all that
    follow."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []  # (text, where from)
        self.socket, self.port = bound()

    async def run(self):
        other, _ = bound()
        while True:
            await sleep_ms(2)
            try:
                asked, peer = self.socket.recvfrom(512)
            except OSError:
                continue
            self.asked.append((asked, peer))
            answer = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            for text in answer(asked):
                if type(text) is int:
                    await sleep_ms(text)
                elif type(text) is tuple:
                    other.sendto(text[0], peer)
                else:
                    self.socket.sendto(text, peer)


def right(asked):
    return [reply(asked, ADDRESS)]


def silence(asked):
    return []
