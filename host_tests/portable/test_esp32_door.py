"""The door of the ESP32's own page: its name, its port, and who comes."""

import os
import socket

from esp32_bench import IDENTITY, booted

from setpoint.board.esp32 import door as doors
from setpoint.board.esp32.door import Door

PAGE = {"password": "0123456789"}


def door_at_a_free_port(**page):
    """A door that is open, and its port."""
    board = None
    for _ in range(50):
        port = 20000 + int.from_bytes(os.urandom(2), "big") % 12000
        board = booted(dict(IDENTITY, page=dict(PAGE, port=port, **page)))
        door = board.door(None)
        try:
            door.begin()
            return board, door, port
        except OSError:
            pass
    raise AssertionError("no free port")


class Streamed:
    """In place of wifi.py's Stream, whose reader CPython has not got; test_esp32_wifi.py tries
    that."""

    def __init__(self, connection, secured):
        assert connection is secured
        self.connection = connection


def connected(port):
    one = socket.socket()
    one.connect(socket.getaddrinfo("127.0.0.1", port, 0, socket.SOCK_STREAM)[0][-1])
    return one


def test_there_is_a_page_where_the_identity_has_one_and_wi_fi():
    assert booted().page is None
    assert booted(dict(IDENTITY, wifi=None, page=PAGE)).page is None
    board = booted(dict(IDENTITY, page=PAGE))
    assert board.page == PAGE
    door = board.door(None)
    assert (door.password, door.open, door.url()) == ("0123456789", False, None)
    assert not door.waits() and door.accept() is None
    assert booted(dict(IDENTITY, page=dict(PAGE, open=True))).door(None).open


def test_it_is_found_at_its_name_and_its_address():
    board = booted(dict(IDENTITY, page=PAGE))
    door = board.door((None, None))
    assert door.url() == "http://setpoint-abcd.local/"
    assert door.names() == ("setpoint-abcd.local", "setpoint-abcd", "127.0.0.1")
    wifi = dict(IDENTITY["wifi"], hostname="Garage")
    door = booted(dict(IDENTITY, wifi=wifi, page=dict(PAGE, port=8080))).door((None, None))
    assert door.url() == "http://Garage.local:8080/" and door.names()[0] == "garage.local"

    class NoRadio:
        wlan = None

    assert Door(PAGE, NoRadio()).names()[2] == ""


def test_who_comes_is_accepted_and_what_stays_is_a_tuple():
    board, door, port = door_at_a_free_port()
    assert not door.waits() and door.accept() is None
    one = connected(port)
    door = board.door(door.listener)
    assert door.url() == "http://setpoint-abcd.local:%d/" % port and door.waits()
    real, doors.Stream = doors.Stream, Streamed
    try:
        stream = door.accept()
    finally:
        doors.Stream = real
    assert not door.waits() and door.accept() is None
    one.send(b"hello")
    stream.connection.setblocking(True)
    assert stream.connection.recv(5) == b"hello"
    stream.connection.close()
    one.close()
    try:
        board.door(None).begin()
    except OSError:
        return
    finally:
        door.listener[0].close()
    raise AssertionError("the port was taken")
