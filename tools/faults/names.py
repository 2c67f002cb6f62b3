"""DNS that is silent, fails and lies while a vehicle charges, each time after the connection to the central system was lost.

Where DNS is silent or fails, the station must be back by the last address; where it says no or lies, once it tells the truth. All the
while the control loop steps and the outputs stay. At the end the power is cut: without DNS and without a last address the vehicle
charges on.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dnslib

from tools.central_system import CallRefused
from tools.faults.bench import Bench, Lost
from tools.faults.isolation import ISOLATION, Watch

ROW = "DNS that is silent, fails or lies"
HOST = "csms.test"
POWER_CUT = "silence after a power cut"
_HERE, _NOBODY = "127.0.0.1", "127.9.9.9"  # at the second nobody takes a connection
_PATIENCE_S = 30
LOOKS = 20  # at the outputs, at least, before DNS tells the truth again
_Replies = list[tuple[float, bytes, bool]]  # seconds to wait, the text, whether it comes from another port than was asked


def reply_to(query: dnslib.DNSRecord, address: str | None = _HERE, rcode: int = 0, number: int = 0, question: str = "", cut_off: int = 0) -> bytes:
    """An answer by way of an alias. number: how much the id is off."""
    asked = dnslib.DNSQuestion(question or query.q.qname)
    reply = dnslib.DNSRecord(dnslib.DNSHeader(id=query.header.id ^ number, qr=1, ra=1, rcode=rcode, tc=cut_off), q=asked)
    if address is not None:
        reply.add_answer(dnslib.RR(asked.qname, dnslib.QTYPE.CNAME, rdata=dnslib.CNAME("front." + HOST), ttl=60))
        reply.add_answer(dnslib.RR("front." + HOST, dnslib.QTYPE.A, rdata=dnslib.A(address), ttl=60))
    return reply.pack()


def one(text: bytes, wait_s: float = 0, forged: bool = False) -> _Replies:
    return [(wait_s, text, forged)]


def truth(query: dnslib.DNSRecord) -> _Replies:
    return one(reply_to(query))


def _lies_before_the_truth(query: dnslib.DNSRecord) -> _Replies:
    lies = (reply_to(query, _NOBODY, number=1), reply_to(query, _NOBODY, question="csms.text"), reply_to(query, _NOBODY)[:-1], b"", query.pack())
    return [*((0, lie, False) for lie in lies), (0, reply_to(query, _NOBODY), True), (0.3, reply_to(query), False)]


# What DNS does: for a question, what is sent. And is the station back meanwhile?
BEHAVIOURS: dict[str, tuple[Callable[[dnslib.DNSRecord], _Replies], bool]] = {
    "silence": (lambda query: [], True),
    "answers that come too late": (lambda query: one(reply_to(query), 3.5), True),
    "answers that come late": (lambda query: one(reply_to(query), 0.8), True),
    "wrong numbers": (lambda query: one(reply_to(query, _NOBODY, number=1)), True),
    "answers to another question": (lambda query: one(reply_to(query, _NOBODY, question="csms.text")), True),
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
    """A DNS server at a port of its own. It does as `behaviour` says; `asked` counts the questions."""

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


def _answered(bench: Bench) -> None:
    """A request is answered, if need be after a while."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            bench.central.call("GetConfiguration", {"key": ["HeartbeatInterval"]}, timeout=2)
            return
        except (TimeoutError, ConnectionError, CallRefused) as trouble:
            if time.monotonic() > end:
                raise Lost("the station does not come back: %s" % trouble) from trouble
            time.sleep(0.05)


def _asked(server: NameServer, times: int) -> None:
    """Waits until the server was asked so many times more."""
    wanted, end = server.asked + times, time.monotonic() + _PATIENCE_S
    while server.asked < wanted:
        if time.monotonic() > end:
            raise Lost("DNS is not asked")
        time.sleep(0.02)


def _charging(state: dict) -> bool:
    connector = state["connectors"][0]
    return connector["contactor"]["closed"] and connector["pilot"]["offered_amps"] == 32 and connector["transaction"]["id"]


def _lose_and_find(bench: Bench, server: NameServer, watch: Watch, name: str) -> None:
    before = bench.station.state()["connectors"][0]
    server.behaviour, is_back = BEHAVIOURS[name]
    bench.central.drop(abrupt=True)
    if is_back:
        _answered(bench)
    else:
        _asked(server, 3)
        if bench.station.state()["connected"]:
            raise Lost("it is connected, to whomever")
    watch.look_again(LOOKS)
    server.behaviour = truth
    _answered(bench)
    after = bench.station.state()["connectors"][0]
    if [after[key] for key in ("contactor", "transaction")] != [before[key] for key in ("contactor", "transaction")] or not _charging({"connectors": [after]}):
        raise Lost("the charge changed from %s to %s" % (before, after))


def _restart_without_dns(bench: Bench, server: NameServer) -> Iterator[str | None]:
    """For each look at the outputs what was wrong, or None. Lost, when it does not charge, or is not back with DNS."""
    server.behaviour = BEHAVIOURS["silence"][0]
    transaction = bench.station.connector()["transaction"]["id"]
    bench.station.kill()
    bench.station.start()
    bench.station.wait_until(_charging)
    watch = Watch(bench)
    _asked(server, 4)  # the second try to connect
    if bench.station.state()["connected"]:
        raise Lost("it is connected, to whomever")
    watch.look_again(LOOKS)
    server.behaviour = truth
    _answered(bench)
    bench.station.wait_until(lambda state: state["registered"])
    if bench.station.connector()["transaction"]["id"] != transaction:
        raise Lost("the transaction is another one")
    yield from watch.stop()


def trials(folder: Path, interpreter: list[str], chosen: list[str] | None = None) -> Iterator[tuple[str, str, str | None]]:
    """(row, what DNS did, what was wrong or None); and for the row ISOLATION each look at the outputs meanwhile."""
    bench, server = Bench(folder, interpreter), NameServer()
    bench.station.start_fields.update(csms_url="ws://%s:%d" % (HOST, bench.central.port), network={"dns": server.address})
    bench.station.start_fields["device"] = {"reconnect": {"minimum_s": 0.05, "random_s": 0}}
    bench.plugged(16)
    try:
        bench.start()
        bench.station.cmd("swipe", tag="CARD")
        bench.station.wait_until(lambda state: state["connectors"][0]["transaction"] and _charging(state))
        watch = Watch(bench)
        for name in chosen or [*BEHAVIOURS, POWER_CUT]:
            looks: list[str | None] = []
            trouble = None
            try:
                if name == POWER_CUT:
                    looks = [*watch.stop(), *_restart_without_dns(bench, server)]
                else:
                    _lose_and_find(bench, server, watch, name)
            except (Lost, TimeoutError) as found:
                trouble = str(found)
            yield ROW, name, trouble
        for look in looks or watch.stop():
            yield ISOLATION, "%d steps of the control loop, worst stall %d ms" % (watch.steps, watch.worst_stall_ms), look
    finally:
        bench.close()
        server.close()
