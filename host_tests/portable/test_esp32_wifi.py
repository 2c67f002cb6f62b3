"""The ESP32's way to the central system: a radio that comes and goes on the model of the chip,
connections over real sockets."""

import asyncio
import errno
import socket
import sys

from esp32_bench import CHIP, IDENTITY, Panic, Task, boot, pass_time, virtual_time
from name_server import NameServer, reply, silence
from noting_app import NotingApp

from setpoint.board.esp32 import wifi
from setpoint.board.esp32.wifi import Network

NAMED = "hostname setpoint-abcd"  # by the last two bytes of its address
_HOME = {"ssid": "home", "password": "secret"}


def seen(settings, events, app, error=None):
    """A network to which something happens: events as (virtual ms that pass, does Wi-Fi connect
    then?). error: what connect raises."""
    CHIP.start()
    CHIP.wifi_error = error
    network = Network(settings)
    end = virtual_time()
    try:
        task = Task(network.run(app))
        for ms, connects in events:
            pass_time(ms, [task])
            CHIP.wifi_connects = connects
        pass_time(1000, [task])
    finally:
        end()
    return network


def test_wifi_comes_goes_and_comes_back():
    app = NotingApp()
    network = seen(_HOME, [(1000, True)], app)
    assert network.up and app.told == [("info", "wifi", "Wi-Fi: 127.0.0.1"), "network"]
    assert CHIP.wifi_log == ["off", NAMED, "on", "connect home secret"]
    network = seen(_HOME, [(1000, True), (5000, False)], app)
    assert not network.up and app.told[-2:] == [("warn", "wifi", "Wi-Fi lost"), "network"]
    network = seen(_HOME, [(1000, True), (5000, False), (5000, True)], app)
    assert network.up and CHIP.wifi_log.count("on") == 1, "it reconnects by itself"


def test_after_a_minute_without_a_network_it_joins_again_and_after_ten_the_radio_starts_anew():
    app = NotingApp()
    seen(_HOME, [(59000, False)], app)
    assert CHIP.wifi_log == ["off", NAMED, "on", "connect home secret"]
    seen(_HOME, [(1000, True), (5000, False), (65000, False)], app)
    assert CHIP.wifi_log[4:] == ["disconnect", "connect home secret"]
    seen(_HOME, [(545000, False)], app)
    assert CHIP.wifi_log.count("connect home secret") == 10 and CHIP.wifi_log.count("on") == 1
    seen(_HOME, [(610000, False)], app)
    assert (
        CHIP.wifi_log[-4:] == ["off", NAMED, "on", "connect home secret"]
        and CHIP.wifi_log.count("on") == 2
    )


def test_six_hours_without_a_network_start_the_radio_ever_more_seldom_since_that_stops_the_control_step():
    """active(True) blocks until the radio is on."""
    app = NotingApp()
    seen(_HOME, [(6 * 3600000, False)], app)
    assert (
        CHIP.wifi_log.count("on") == 8
        and CHIP.wifi_log.count("disconnect") == 350
        and app.told == []
    )


def test_a_radio_that_does_not_start_is_told_once_and_tried_ever_more_seldom():
    app = NotingApp()
    seen(_HOME, [(6 * 3600000, False)], app, OSError("Wifi Internal Error"))
    assert app.told == [("error", "wifi", "the radio does not start: Wifi Internal Error")]
    assert CHIP.wifi_log.count("on") == 11


def test_a_network_that_comes_back_ends_the_growing_pause():
    app = NotingApp()
    seen(_HOME, [(3 * 3600000, True), (5000, False), (615000, False)], app)
    assert CHIP.wifi_log[-4:] == ["off", NAMED, "on", "connect home secret"]


def test_what_the_radio_raises_is_told_and_tried_again_and_its_task_goes_on():
    for error in (OSError("Wifi Internal Error"), RuntimeError("Wifi Unknown Error 0x3001")):
        app = NotingApp()
        seen(
            {"ssid": "home", "password": "", "hostname": "cp1", "country": "NL"},
            [(65000, False)],
            app,
            error,
        )
        assert app.told == [("error", "wifi", "the radio does not start: %s" % error)]
        assert CHIP.wifi_log == ["off", "hostname cp1", "country NL", "on"] * 2
    app = NotingApp()
    network = seen({"ssid": "home", "hostname": "s\u00e4ule" * 6}, [(125000, False)], app)
    assert not network.up and app.told == [
        ("error", "wifi", "the radio does not start: it does not take this hostname or country")
    ]


def test_the_radio_has_its_memory_before_the_program_takes_the_rest():
    CHIP.start()
    network = boot(identity=IDENTITY)[0].network
    CHIP.heap_grows(CHIP.idf_free - 1700)  # seen after the import of setpoint.app 0.1.0
    app = NotingApp()
    end = virtual_time()
    try:
        task = Task(network.run(app))
        pass_time(900000, [task])
        assert CHIP.wifi_log.count("on") == 2 and app.told == []
        CHIP.wifi_connects = True
        pass_time(1000, [task])
    finally:
        end()
    assert network.up


def test_a_radio_for_which_there_is_no_memory_is_a_sentence_and_no_panic():
    for free, sentence in (
        (30000, "the radio does not start: WiFi Out of Memory"),
        (
            wifi.network.DRIVER_BYTES + 1700,
            "the radio does not start: it needs 8000 bytes beside Python's heap, and 1700 are left: restart the board",
        ),
    ):
        CHIP.start()
        CHIP.heap_grows(CHIP.idf_free - free)
        network = Network(_HOME)
        app = NotingApp()
        end = virtual_time()
        try:
            pass_time(59000, [Task(network.run(app))])
            assert app.told == [("error", "wifi", sentence)]
            pass_time(300000, [Task(network.run(app))])
        finally:
            end()
        assert not network.up


def test_a_radio_without_memory_aborts_as_the_chip_does():
    """The model: what the firmware must never do."""

    def started_late():
        wlan = wifi.network.WLAN(wifi.network.STA_IF)
        CHIP.heap_grows(CHIP.idf_free - 1700)
        wlan.active(True)

    def made_twice():
        CHIP.heap_grows(CHIP.idf_free - 1700)
        try:
            wifi.network.WLAN(wifi.network.STA_IF)
        except OSError:
            wifi.network.WLAN(wifi.network.STA_IF)

    for deed in (started_late, made_twice):
        CHIP.start()
        try:
            deed()
            raise AssertionError("it goes on")
        except Panic:
            pass


def test_without_a_network_to_join_the_radio_takes_no_memory():
    CHIP.start()
    boot(identity={})
    assert CHIP.radio is None and CHIP.idf_free == CHIP.idf_bytes


def test_a_board_without_wifi_stays_offline_and_its_task_does_not_end():
    for settings in (None, {}):
        app = NotingApp()
        network = seen(settings, [(600000, True)], app)
        assert not network.up and app.told == [
            ("warn", "wifi", "/identity.json names no network: offline")
        ]


# Connections. MicroPython's own streams are not CPython's; this stands in for them there.


class StreamReader:
    def __init__(self, connection):
        self._connection = connection
        self._out = b""

    async def read(self, count):
        return await asyncio.get_running_loop().sock_recv(self._connection, count)

    def write(self, data):
        self._out += data

    async def drain(self):
        await asyncio.get_running_loop().sock_sendall(self._connection, self._out)
        self._out = b""


class _Asyncio:
    StreamReader = StreamReader


if sys.implementation.name != "micropython":
    wifi.asyncio = _Asyncio


def listening():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for port in range(20000, 60000, 37):
        try:
            server.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        except OSError:
            continue
        server.listen(8)
        return server, port


def up_network():
    CHIP.start()
    network = boot(identity=IDENTITY)[0].network
    network.up = True
    return network


def failure(coroutine):
    """The OSError of a coroutine."""
    try:
        asyncio.run(coroutine)
    except OSError as error:
        return error
    raise AssertionError("no error")


def test_bytes_go_both_ways_until_the_peer_hangs_up():
    server, port = listening()

    async def talk():
        stream = await up_network().open("127.0.0.1", port)
        peer = server.accept()[0]
        await stream.write(b"hello")
        assert peer.recv(100) == b"hello"
        peer.send(b"world")
        assert await stream.read(100) == b"world"
        peer.close()
        assert await stream.read(100) == b""
        stream.close()

    asyncio.run(talk())
    server.close()


def test_without_a_network_nothing_is_opened():
    async def try_it():
        network = up_network()
        network.up = False
        await network.open("127.0.0.1", 9)

    error, made = noting(try_it)
    assert error.args[0] == errno.EHOSTUNREACH and made == []


class Noted:
    """The socket module, with the sockets that were made."""

    SOCK_STREAM = socket.SOCK_STREAM

    def __init__(self):
        self.made = []

    def getaddrinfo(self, *arguments):
        return socket.getaddrinfo(*arguments)

    def socket(self, *arguments):
        self.made.append(Closes(socket.socket(*arguments)))
        return self.made[-1].inner


class Closes:
    def __init__(self, inner):
        self.inner = inner

    def is_closed(self):
        try:
            self.inner.send(b"x")
        except OSError as error:
            # A socket that is still there says why it cannot
            return error.errno not in (32, 104, 107, 111)
        return False


def noting(coroutine_of):
    """Runs it with the sockets noted: (the OSError, the sockets)."""
    noted = wifi.socket = Noted()
    try:
        return failure(coroutine_of()), noted.made
    finally:
        wifi.socket = socket


def test_a_refused_connection_raises_and_closes_its_socket():
    server, port = listening()
    server.close()

    async def try_it():
        await up_network().open("127.0.0.1", port)

    error, made = noting(try_it)
    assert error.args[0] == errno.ECONNREFUSED and len(made) == 1 and made[0].is_closed(), error


class Watched:
    """The socket module; each host that getaddrinfo is given is noted."""

    def __init__(self):
        self.given = []
        for name in dir(socket):
            if name[0] != "_" and name != "getaddrinfo":
                setattr(self, name, getattr(socket, name))

    def getaddrinfo(self, host, *others):
        self.given.append(host)
        return socket.getaddrinfo(host, *others)


def opened(network, server, host, port):
    """(whether a connection came about or why not, the hosts that getaddrinfo was given, what was
    logged)"""
    told = []
    CHIP.dns_server = "127.0.0.1:%d" % server.port
    network._log = lambda *words: told.append(words)
    # It is to load with the socket module that is watched
    sys.modules.pop("setpoint.board.resolver", None)

    async def go():
        serving = asyncio.create_task(server.run())
        try:
            (await network.open(host, port)).close()
            return True
        except OSError as error:
            return str(error)
        finally:
            serving.cancel()

    wifi.socket = sys.modules["socket"] = watched = Watched()
    try:
        return asyncio.run(go()), watched.given, told
    finally:
        wifi.socket = sys.modules["socket"] = socket
        CHIP.dns_server = "0.0.0.0"


def at_home(asked):
    return [reply(asked, (127, 0, 0, 1))]


def test_a_name_is_looked_up_without_the_interpreters_getaddrinfo():
    listener, port = listening()
    server = NameServer(at_home)
    found, given, told = opened(up_network(), server, "csms.example", port)
    assert found is True and len(server.asked) == 1 and told == []
    assert "127.0.0.1" in given and [host for host in given if not host[0].isdigit()] == []
    listener.close()


def test_with_dns_gone_the_last_address_of_the_host_is_tried_and_no_getaddrinfo():
    listener, port = listening()
    network = up_network()
    assert opened(network, NameServer(at_home), "csms.example", port)[0] is True
    wait_less = NameServer(lambda asked: [reply(asked, flags=b"\x81\x82")])
    found, given, told = opened(network, wait_less, "csms.example", port)
    assert found is True and told == [
        ("warn", "dns", "the DNS server 127.0.0.1 fails (code 2); csms.example was at 127.0.0.1")
    ]
    assert [host for host in given if not host[0].isdigit()] == []
    found, given, told = opened(network, wait_less, "other.example", port)
    assert found == "the DNS server 127.0.0.1 fails (code 2)" and told == []
    assert [host for host in given if not host[0].isdigit()] == []
    listener.close()


def test_an_address_that_took_no_connection_is_not_the_last_one():
    network = up_network()
    listener, port = listening()
    listener.close()
    assert opened(network, NameServer(at_home), "csms.example", port)[0] is not True
    assert (
        opened(
            network,
            NameServer(lambda asked: [reply(asked, flags=b"\x81\x82")]),
            "csms.example",
            port,
        )[0]
        == "the DNS server 127.0.0.1 fails (code 2)"
    )


def test_a_lease_without_dns_server_is_an_oserror():
    async def try_it():
        await up_network().open("no.such.host.invalid", 80)

    assert str(failure(try_it())) == "this network names no DNS server"


def test_a_dead_dns_server_stops_neither_control_loop_nor_radio():
    """In virtual time: what it waits for, the 20 ms steps of the control loop see pass."""
    CHIP.start()
    steps = []
    server = NameServer(silence)
    CHIP.dns_server = "127.0.0.1:%d" % server.port
    network = Network(_HOME)
    network.up = True
    sys.modules.pop("setpoint.board.resolver", None)
    end = virtual_time()
    before = CHIP.now_us
    looking = Task(network.open("csms.example", 80))
    try:
        pass_time(60000, [looking], lambda: steps.append(CHIP.now_us))
    except OSError as error:
        assert str(error) == "the DNS server 127.0.0.1 does not answer"
    finally:
        end()
        CHIP.dns_server = "0.0.0.0"
    took_ms = (CHIP.now_us - before) // 1000
    assert 5900 < took_ms < 6200, took_ms
    assert len(steps) >= took_ms // 20 - 2


def test_a_connection_that_is_given_up_closes_its_socket():
    async def try_it():
        opening = up_network().open("127.0.0.1", 1)
        wifi.select = _NeverReady
        try:
            await asyncio.wait_for(opening, 0.05)
        except asyncio.TimeoutError:
            raise OSError("given up")  # noqa: B904

    before = wifi.select
    try:
        error, made = noting(try_it)
    finally:
        wifi.select = before
    assert str(error) == "given up" and len(made) == 1 and made[0].is_closed()


class _Poll:
    def register(self, connection, events):
        pass

    def poll(self, ms):
        return []


class _NeverReady:
    POLLOUT, POLLHUP = 4, 16
    poll = _Poll


class Wrapped:
    """What TLS makes of a socket; after a failed handshake its close does not close that."""

    def __init__(self, connection, closes):
        self.connection = connection
        self._closes = closes

    def close(self):
        if self._closes:
            self.connection.close()


class Tls:
    """A tls.SSLContext, as far as the board uses it."""

    def __init__(self, fails=False, closes=True):
        self.fails = fails
        self.closes = closes

    def wrap_socket(self, connection, server_hostname, do_handshake_on_connect):
        assert server_hostname == "csms" and do_handshake_on_connect is False
        if self.fails:
            raise OSError("no memory for TLS")
        self.wrapped = Wrapped(connection, self.closes)
        return self.wrapped


def test_tls_wraps_the_connection_and_its_failure_closes_it():
    server, port = listening()

    async def talk(tls):
        stream = await up_network().open("127.0.0.1", port, tls, "csms")
        stream.close()

    for closes in (True, False):
        noted = wifi.socket = Noted()
        tls = Tls(closes=closes)
        try:
            asyncio.run(talk(tls))
        finally:
            wifi.socket = socket
        assert tls.wrapped.connection is noted.made[0].inner and noted.made[0].is_closed()
    error, made = noting(lambda: talk(Tls(fails=True)))
    assert str(error) == "no memory for TLS" and made[0].is_closed()
    server.close()


def test_a_connect_that_fails_at_once_is_raised():
    async def try_it():
        await up_network().open("255.255.255.255", 80)

    error, made = noting(try_it)
    assert made[0].is_closed() and error.args[0] != errno.ECONNREFUSED, error


def test_a_second_tls_connection_has_room_where_its_handshake_and_the_radio_do():
    CHIP.start()
    network = Network(_HOME)
    for free, room in ((70000, True), (40000, True), (39999, False), (19600, False)):
        CHIP.heap_grows(CHIP.idf_free - free)
        assert network.has_room_for_tls() is room, free
