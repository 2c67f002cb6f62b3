"""Looking up a name over real UDP, at a server that answers, lies and is silent; the rest of the
program goes on meanwhile."""

import asyncio
import socket

from name_server import ADDRESS, NameServer, bound, reply, right, silence

from setpoint import clock as clock_room
from setpoint.board import resolver
from setpoint.clock import Clock, sleep_ms

clock = Clock()


def looked_up(server, host="csms.example", last=None, tries=(60, 80, 100), group=False):
    """(the address or the reason, what was logged, longest pause of another task in ms)"""
    told = []
    before = resolver._TRIES_MS, resolver._GROUP
    resolver._TRIES_MS = tries
    where = "127.0.0.1:%d" % server.port if type(server) is NameServer else server
    if group:
        resolver._GROUP, where = where, "0.0.0.0"

    async def go():
        pauses = [0]

        async def tick():
            while True:
                began = clock.ticks_ms()
                await sleep_ms(1)
                pauses[0] = max(pauses[0], clock.ticks_ms() - began)

        tasks = [asyncio.create_task(tick())]
        if type(server) is NameServer:
            tasks.append(asyncio.create_task(server.run()))
        try:
            return await resolver.address_of(
                host, where, last, lambda *words: told.append(words)
            ), pauses[0]
        except OSError as error:
            return str(error), pauses[0]
        finally:
            for task in tasks:
                task.cancel()

    try:
        found, pause_ms = asyncio.run(go())
    finally:
        resolver._TRIES_MS, resolver._GROUP = before
    return found, told, pause_ms


def test_an_answer_is_the_address():
    server = NameServer(right)
    assert looked_up(server)[:2] == ("10.1.2.3", [])
    asked, _ = server.asked[0]
    assert len(server.asked) == 1 and asked[2:12] == b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    assert asked[12:] == b"\x04csms\x07example\x00\x00\x01\x00\x01"


def test_of_several_addresses_each_is_taken_at_times():
    server = NameServer(lambda asked: [reply(asked, (10, 0, 0, 1), (10, 0, 0, 2))])
    found = {looked_up(server)[0] for _ in range(30)}
    assert found == {"10.0.0.1", "10.0.0.2"}
    ports = [peer[1] if type(peer) is tuple else peer[2] << 8 | peer[3] for _, peer in server.asked]
    assert min(ports) >= 49152 and len(set(ports)) > 25


def test_an_address_is_never_asked_for_and_ipv6_is_refused():
    server = NameServer(right)
    assert looked_up(server, "192.168.1.7")[0] == "192.168.1.7"
    assert looked_up(server, "fe80::1")[0] == "addresses of IPv6 cannot be used here"
    assert looked_up(server, "a..b")[0] == "no host can be called a..b"
    assert server.asked == []


def test_each_try_has_a_number_and_a_port_of_its_own():
    server = NameServer(silence, silence, right)
    assert looked_up(server)[0] == "10.1.2.3"
    assert (
        len({asked[:2] for asked, _ in server.asked})
        == len({str(peer) for _, peer in server.asked})
        == 3
    )


def test_lies_are_passed_over_and_the_truth_behind_them_counts():
    for lie in (
        lambda asked: b"",
        lambda asked: b"\x00" * 500,
        lambda asked: bytes((asked[0] ^ 1,)) + reply(asked, (6, 6, 6, 6))[1:],
        lambda asked: reply(asked, (6, 6, 6, 6), flags=b"\x01\x00"),
        lambda asked: reply(asked, (6, 6, 6, 6))[:-1],
        lambda asked: reply(asked[:14] + b"x" + asked[15:], (6, 6, 6, 6)),
        lambda asked: (reply(asked, (6, 6, 6, 6)),),  # right in all, but from another port
    ):
        found, told, pause_ms = looked_up(
            NameServer(lambda asked: [lie(asked), 2, lie(asked), reply(asked, ADDRESS)]),
            tries=(500,),
        )
        assert (found, told) == ("10.1.2.3", []) and pause_ms < 400


def test_lies_alone_are_silence():
    found, told, _ = looked_up(
        NameServer(lambda asked: [asked, b"", reply(asked, (6, 6, 6, 6))[:-2]] * 3)
    )
    assert "does not answer" in found and told == []


def test_a_late_answer_counts_for_its_own_try_only():
    first = []

    def late(asked):
        first.append(asked)
        return []

    server = NameServer(late, lambda asked: [reply(first[0], (6, 6, 6, 6)), reply(asked, ADDRESS)])
    assert looked_up(server)[0] == "10.1.2.3"
    assert (
        looked_up(NameServer(lambda asked: [30, reply(asked, ADDRESS)]), tries=(300,))[0]
        == "10.1.2.3"
    )


def test_a_silent_server_stops_nobody_and_is_left_in_time():
    server = NameServer(silence)
    began = clock.ticks_ms()
    found, told, pause_ms = looked_up(server)
    assert (
        found == "the DNS server 127.0.0.1 does not answer"
        and told == []
        and len(server.asked) == 3
    )
    assert clock.ticks_ms() - began < 2000 and pause_ms < 200
    assert sum(resolver._TRIES_MS) == 6000


def test_a_name_that_nobody_answers_to_takes_six_seconds_however_late_each_sleep_ends():
    server, ticks = NameServer(silence), [0]

    async def sleep_too_long(ms):
        ticks[0] += ms * 14 // 10
        await asyncio.sleep(0)

    before = resolver.sleep_ms, resolver._GROUP, clock_room._ticks_ms
    resolver.sleep_ms, resolver._GROUP, clock_room._ticks_ms = (
        sleep_too_long,
        "127.0.0.1:%d" % server.port,
        lambda: ticks[0],
    )
    try:
        asyncio.run(resolver.address_of("csms.local", "0.0.0.0", None, None))
        raise AssertionError("somebody answered")
    except OSError as error:
        assert str(error) == "nobody on this network answers to csms.local"
    finally:
        resolver.sleep_ms, resolver._GROUP, clock_room._ticks_ms = before
    assert 6000 <= ticks[0] < 6100, ticks


def test_a_failing_server_is_asked_again_and_a_no_is_not():
    server = NameServer(lambda asked: [reply(asked, flags=b"\x81\x82")], right)
    assert looked_up(server)[0] == "10.1.2.3" and len(server.asked) == 2
    server = NameServer(lambda asked: [reply(asked, flags=b"\x81\x82")])
    assert (
        looked_up(server)[0] == "the DNS server 127.0.0.1 fails (code 2)" and len(server.asked) == 3
    )
    for flags, reason in (
        (b"\x81\x83", "DNS knows no host called csms.example"),
        (b"\x81\x80", "DNS knows no IPv4 address of csms.example"),
    ):
        server = NameServer(lambda asked: [reply(asked, flags=flags)])
        assert looked_up(server)[0] == reason and len(server.asked) == 1


def test_the_last_address_of_the_same_host_is_tried_where_dns_is_silent_or_fails_and_is_told():
    last = ("csms.example", "10.7.7.7")
    found, told, _ = looked_up(NameServer(silence), last=last)
    assert found == "10.7.7.7" and told == [
        ("warn", "dns", "the DNS server 127.0.0.1 does not answer; csms.example was at 10.7.7.7")
    ]
    assert (
        looked_up(NameServer(lambda asked: [reply(asked, flags=b"\x81\x85")]), last=last)[0]
        == "10.7.7.7"
    )
    assert (
        looked_up(NameServer(silence), "other.example", last)[0]
        == "the DNS server 127.0.0.1 does not answer"
    )
    assert looked_up("0.0.0.0", last=last)[0] == "10.7.7.7"
    for server in ("0.0.0.0", "", "fe80::1"):
        assert looked_up(server)[0] == "this network names no DNS server"


def test_an_answer_stands_above_the_last_address_and_so_does_a_no():
    last = ("csms.example", "10.7.7.7")
    assert looked_up(NameServer(right), last=last)[:2] == ("10.1.2.3", [])
    assert (
        looked_up(NameServer(lambda asked: [reply(asked, flags=b"\x81\x83")]), last=last)[0]
        == "DNS knows no host called csms.example"
    )


def test_a_server_that_cannot_be_reached_is_an_oserror():
    taken, port = bound()
    taken.close()
    found, _, _ = looked_up("127.0.0.1:%d" % port)
    assert "the DNS server 127.0.0.1 cannot be asked" in found or "does not answer" in found
    assert "255.255.255.255 cannot be asked" in looked_up("255.255.255.255")[0]


def test_a_name_in_local_is_asked_of_the_group_and_anybody_may_answer():
    server = NameServer(lambda asked: [(reply(asked, ADDRESS),)])
    assert looked_up(server, "CSMS.Local", group=True)[0] == "10.1.2.3"
    assert (
        looked_up(NameServer(silence), "csms.local", group=True)[0]
        == "nobody on this network answers to csms.local"
    )
    assert resolver._GROUP == "224.0.0.251:5353"


class Counting:
    """The socket module, with the sockets that are open counted."""

    AF_INET, SOCK_DGRAM = socket.AF_INET, socket.SOCK_DGRAM
    getaddrinfo = staticmethod(socket.getaddrinfo)

    def __init__(self):
        self.open = self.made = 0

    def socket(self, *arguments):
        self.open += 1
        self.made += 1
        return Counted(socket.socket(*arguments), self)


class Counted:
    def __init__(self, inner, count):
        self.inner = inner
        self.count = count

    def close(self):
        self.count.open -= 1
        self.inner.close()

    def __getattr__(self, name):
        return getattr(self.inner, name)


class Select:
    """`select`, for sockets that are counted."""

    import select

    POLLIN = select.POLLIN

    class poll:
        def __init__(self):
            self.inner = Select.select.poll()

        def register(self, connection, events):
            self.inner.register(connection.inner, events)

        def poll(self, wait_ms):
            return self.inner.poll(wait_ms)


def test_each_try_closes_its_socket_whatever_becomes_of_it():
    before = resolver.socket, resolver.select
    resolver.select = Select
    try:
        for server in (
            NameServer(right),
            NameServer(silence),
            NameServer(lambda asked: [reply(asked, flags=b"\x81\x83")]),
            "255.255.255.255",
        ):
            resolver.socket = count = Counting()
            looked_up(server)
            assert count.made > 0 and count.open == 0
        resolver.socket = count = Counting()
        server = NameServer(silence)

        async def given_up():
            try:
                await asyncio.wait_for(
                    resolver.address_of("csms.example", "127.0.0.1:%d" % server.port, None, None),
                    0.05,
                )
            except asyncio.TimeoutError:
                return True

        assert asyncio.run(given_up()) and count.made == 1 and count.open == 0
    finally:
        resolver.socket, resolver.select = before
