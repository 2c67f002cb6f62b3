"""A DNS server that is silent, fails or lies."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import dnslib

HOST = "csms.test"
_HERE, _NOBODY = "127.0.0.1", "127.9.9.9"  # at the second nobody takes a connection
# Seconds to wait, the text, whether it comes from another port than was asked
_Replies = list[tuple[float, bytes, bool]]


def reply_to(
    query: dnslib.DNSRecord,
    address: str | None = _HERE,
    rcode: int = 0,
    number: int = 0,
    question: str = "",
    cut_off: int = 0,
) -> bytes:
    """An answer by way of an alias. number: how much the id is off."""
    asked = dnslib.DNSQuestion(question or query.q.qname)
    reply = dnslib.DNSRecord(
        dnslib.DNSHeader(id=query.header.id ^ number, qr=1, ra=1, rcode=rcode, tc=cut_off), q=asked
    )
    if address is not None:
        reply.add_answer(
            dnslib.RR(asked.qname, dnslib.QTYPE.CNAME, rdata=dnslib.CNAME("front." + HOST), ttl=60)
        )
        reply.add_answer(
            dnslib.RR("front." + HOST, dnslib.QTYPE.A, rdata=dnslib.A(address), ttl=60)
        )
    return reply.pack()


def one(text: bytes, wait_s: float = 0, forged: bool = False) -> _Replies:
    return [(wait_s, text, forged)]


def truth(query: dnslib.DNSRecord) -> _Replies:
    return one(reply_to(query))


def _lies_before_the_truth(query: dnslib.DNSRecord) -> _Replies:
    lies = (
        reply_to(query, _NOBODY, number=1),
        reply_to(query, _NOBODY, question="csms.text"),
        reply_to(query, _NOBODY)[:-1],
        b"",
        query.pack(),
    )
    return [
        *((0, lie, False) for lie in lies),
        (0, reply_to(query, _NOBODY), True),
        (0.3, reply_to(query), False),
    ]


# What DNS does: for a question, what is sent. And is the station back meanwhile?
BEHAVIOURS: dict[str, tuple[Callable[[dnslib.DNSRecord], _Replies], bool]] = {
    "silence": (lambda query: [], True),
    "answers that come too late": (lambda query: one(reply_to(query), 3.5), True),
    "answers that come late": (lambda query: one(reply_to(query), 0.8), True),
    "wrong numbers": (lambda query: one(reply_to(query, _NOBODY, number=1)), True),
    "answers to another question": (
        lambda query: one(reply_to(query, _NOBODY, question="csms.text")),
        True,
    ),
    "answers from somebody else": (lambda query: one(reply_to(query, _NOBODY), forged=True), True),
    "garbage": (lambda query: one(query.pack()[:2] + bytes(range(256))) + one(b""), True),
    "the question sent back": (lambda query: one(query.pack()), True),
    "a flood of lies": (lambda query: one(reply_to(query, _NOBODY, number=1)) * 500, True),
    "lies before the truth": (_lies_before_the_truth, True),
    "failures": (lambda query: one(reply_to(query, None, rcode=2)), True),
    "refusals": (lambda query: one(reply_to(query, None, rcode=5)), True),
    "answers cut off": (lambda query: one(reply_to(query, None, cut_off=1)), True),
    "no such name": (lambda query: one(reply_to(query, None, rcode=3)), False),
    "no address": (lambda query: one(reply_to(query, None)), False),
    "the address of nobody": (lambda query: one(reply_to(query, _NOBODY)), False),
}


class NameServer:
    """A DNS server at a port of its own. It does as `behaviour` says; `asked` counts the
    questions."""

    def __init__(self) -> None:
        self.behaviour: Callable[[dnslib.DNSRecord], _Replies] = truth
        self.asked = 0
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for own in self._sockets:
            own.bind((_HERE, 0))
        self.address = "%s:%d" % self._sockets[0].getsockname()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            text, peer = self._sockets[0].recvfrom(512)
            if not text:  # from `close`
                for own in self._sockets:
                    own.close()
                return
            for wait_s, reply, forged in self.behaviour(dnslib.DNSRecord.parse(text)):
                if wait_s:
                    threading.Timer(wait_s, self._send, (reply, peer, forged)).start()
                else:
                    self._send(reply, peer, forged)
            self.asked += 1

    def _send(self, text: bytes, peer: tuple[str, int], forged: bool) -> None:
        try:
            self._sockets[forged].sendto(text, peer)
        except OSError:
            pass  # nobody is there any more

    def close(self) -> None:
        self._sockets[1].sendto(b"", self._sockets[0].getsockname())
