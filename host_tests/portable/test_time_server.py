"""Asking for the time over real UDP, at a server that answers, lies, is late or silent; the rest of
the program goes on meanwhile."""

import asyncio

from name_server import NameServer, silence

from setpoint.board import time_server
from setpoint.clock import Clock, sleep_ms
from setpoint.protocol.iso8601 import instant_from

NOON = instant_from("2026-06-01T12:00:00Z")
_1900 = 3786825600


def stamp(asked, instant=NOON, head=b"\x24\x02\x06\xec"):
    seconds = ((instant + _1900) & 0xFFFFFFFF).to_bytes(4, "big")
    return head + bytes(20) + asked[40:48] + seconds + bytes(4) + seconds + bytes(4)


def right(asked):
    return [stamp(asked)]


class Network:
    """Every host is this machine."""

    async def find(self, host):
        if host == "nowhere":
            raise OSError("DNS knows no host called nowhere")
        return "127.0.0.1"


def asked_for(*replies, host="time.example", tries=(60, 100)):
    """(what it says or why not, the server, longest pause of another task in ms)"""
    server = NameServer(*replies)
    before = time_server._TRIES_MS
    time_server._TRIES_MS = tries

    async def go():
        pauses = [0]

        async def tick():
            clock = Clock()
            while True:
                began = clock.ticks_ms()
                await sleep_ms(1)
                pauses[0] = max(pauses[0], clock.ticks_ms() - began)

        tasks = [asyncio.create_task(tick()), asyncio.create_task(server.run())]
        await sleep_ms(0)
        try:
            return await time_server.time_of("%s:%d" % (host, server.port), Network()), pauses[0]
        except OSError as error:
            return str(error), pauses[0]
        finally:
            for task in tasks:
                task.cancel()

    try:
        found, pause_ms = asyncio.run(go())
    finally:
        time_server._TRIES_MS = before
        server.socket.close()
    return found, server, pause_ms


def test_a_server_tells_the_time():
    found, server, _ = asked_for(right, tries=(5000,))
    assert found[0] == NOON and found[1] < 500 and len(server.asked) == 1
    assert len(server.asked[0][0]) == 48


def test_each_try_asks_with_random_bits_of_its_own_from_another_port():
    found, server, _ = asked_for(silence, right, tries=(60, 5000))
    assert found[0] == NOON
    (first, first_peer), (second, second_peer) = server.asked
    assert first[40:] != second[40:] and first_peer != second_peer


def test_a_silent_server_is_given_up_and_nobody_waits_for_it():
    found, server, pause_ms = asked_for(silence)
    assert found == "it does not answer" and len(server.asked) == 2
    assert pause_ms < 60, "it stopped everybody"
    assert sum(time_server._TRIES_MS) == 3000


def test_a_late_answer_is_none():
    assert asked_for(lambda asked: [150, stamp(asked)])[0] == "it does not answer"


def test_garbage_and_forged_answers_are_passed_over_until_the_right_one_comes():
    def noisy(asked):
        other = asked[:40] + bytes(8)
        return [
            b"",
            b"\x00" * 600,
            stamp(other, NOON + 3600),  # without the random bits
            (stamp(asked, NOON + 7200),),  # from another port
            asked,
            stamp(asked)[:40],
            stamp(asked),
        ]

    assert asked_for(noisy, tries=(5000,))[0][0] == NOON


def test_a_server_that_says_that_its_clock_is_not_set_is_not_asked_again_at_once():
    found, server, _ = asked_for(lambda asked: [stamp(asked, head=b"\xe4\x02\x06\xec")], right)
    assert found == "its own clock is not set" and len(server.asked) == 1


def test_a_host_that_nobody_knows_is_said():
    assert asked_for(right, host="nowhere")[0] == "DNS knows no host called nowhere"
