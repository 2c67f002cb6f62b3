"""Thousands of messages that are nearly right, at a live station, while a vehicle charges.

They come in batches of one kind: frames, OCPP-J texts, payloads of the official schemas, answers.
After each batch a valid request is answered, contactor, offer, limit and transaction are as before,
the same process runs, and what it holds in memory has not grown. Batch n of seed s is the first
batch of seed s + n: a loss is repeated with that seed and `--count 1`.
"""

from __future__ import annotations

import json
import random
from contextlib import closing
from typing import Any

from websockets.exceptions import ConnectionClosed

from faults.bench import Bench
from faults.frames import frame
from faults.mutations import hostile_payloads, mutated
from tools.central_system import Text

# With 100 KB some of it ends in a restart: a change that finds no memory leaves nothing half done.
HEAP = "128K"
# In a batch; most frames cost a connection.
MESSAGES = {"frames": 10, "texts": 40, "payloads": 40, "answers": 10}
# Bytes, on the interpreter of 64 bits: a message takes no more than it is long, and is let go.
_MOST_GROWTH = 6000
_SETTLED = 2  # batches until everything that is loaded once was
_CALLS = (
    ("GetConfiguration", {"key": ["HeartbeatInterval", "ConnectionTimeOut"]}),
    ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}),
    ("DataTransfer", {"vendorId": "Setpoint", "messageId": "Profiles"}),
    ("GetCompositeSchedule", {"connectorId": 1, "duration": 300, "chargingRateUnit": "A"}),
)
_INSERTED = (*'"{}[],:\\\0é0-', "e9", "null", "\\ud800", "")
_ANSWERS: tuple[tuple[str, dict], ...] = (
    ("Heartbeat", {"currentTime": "2026-06-15T12:00:00Z"}),
    ("StatusNotification", {}),
    ("MeterValues", {}),
)


class Batch:
    """One batch of messages of a kind."""

    def __init__(self, bench: Bench, chance: random.Random) -> None:
        self._bench = bench
        self._chance = chance
        self._sent = 0
        self.kind = chance.choice(("frames", "texts", "payloads", "payloads", "answers"))
        self.messages = MESSAGES[self.kind]

    def run(self) -> None:
        getattr(self, "_" + self.kind)()

    def _put(self, send: Any, data: Any) -> None:
        """On whatever connection there is: the one before may have been closed, as the rules
        demand."""
        self._bench.central.wait_connected(30)
        try:
            send(data)
        except (ConnectionError, ConnectionClosed, OSError):
            pass
        self._sent += 1

    def _text(self) -> str:
        action, payload = self._chance.choice(_CALLS)
        return json.dumps([2, "f%d" % self._sent, action, payload])

    def _frames(self) -> None:
        chance = self._chance
        for _ in range(self.messages):
            data = self._text().encode()
            way = chance.randrange(5)
            if way == 0:
                cuts = sorted(chance.randrange(len(data)) for _ in range(chance.randrange(6)))
                parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]
                wire = b"".join(
                    frame(0 if i else 1, part, i == len(parts) - 1)
                    + frame(9, b"p") * chance.randrange(2)
                    for i, part in enumerate(parts)
                )
            elif way == 1:
                wire = frame(
                    chance.randrange(16),
                    data[: chance.randrange(200)],
                    chance.random() < 0.7,
                    chance.choice((0, 0, 0, 1, 4)),
                )
            elif way == 2:
                wire = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 100)))
            else:
                raw = bytearray(frame(1, data))
                for _ in range(chance.randint(1, 3)):
                    raw[chance.randrange(len(raw))] = chance.randrange(256)
                wire = bytes(raw) if way == 3 else bytes(raw[: chance.randrange(len(raw))])
            self._put(lambda data: self._bench.central._link(None).socket.sendall(data), wire)
            if way in (2, 3, 4):  # half a frame may wait for its rest for ever
                self._bench.central.drop(abrupt=True)

    def _texts(self) -> None:
        for _ in range(self.messages):
            text = list(self._text())
            for _ in range(self._chance.randint(1, 4)):
                at = self._chance.randrange(len(text))
                text[at : at + self._chance.randrange(2)] = self._chance.choice(_INSERTED)
                text = text or ["["]
            self._put(self._bench.central.inject, "".join(text))

    def _payloads(self) -> None:
        left = self.messages
        while left:
            for action, payload in hostile_payloads(self._chance, left):
                if "null" not in json.dumps(payload):  # which stands for a field's absence
                    left -= 1
                    self._put(
                        self._bench.central.inject,
                        json.dumps([2, "f%d" % self._sent, action, payload]),
                    )

    def _answers(self) -> None:
        """Wrong answers with the right id; without it the station would wait for half a minute,
        and rightly so."""
        central = self._bench.central
        for _ in range(self.messages):
            action, payload = self._chance.choice(_ANSWERS)
            wrong = json.dumps(mutated(payload, self._chance)).replace("%", "")
            shape = self._chance.choice(
                ('[3,"%s",WRONG]', '[3,"%s",WRONG,1]', '[4,"%s",WRONG]', '[4,"%s",WRONG,WRONG,{}]')
            )
            central.answers[action] = Text(shape.replace("WRONG", wrong))
            since = len(central.messages)
            self._put(
                central.inject,
                json.dumps(
                    [2, "t", "TriggerMessage", {"requestedMessage": action, "connectorId": 1}]
                ),
            )
            try:
                central.wait_for(action, since=since, timeout=35)
            finally:
                del central.answers[action]


def _used(bench: Bench) -> int:
    """Bytes of heap in use: the least of some looks, as garbage comes and goes."""
    return min(bench.station.state()["memory"]["used"] for _ in range(6))


def test_messages_nearly_right_change_nothing_and_take_no_memory(
    scale, interpreter, subtests, looks, tmp_path
):
    count, sent, number, least = scale.counted(160, 500, 5000), 0, 0, 0
    with closing(Bench(tmp_path, interpreter)) as bench:
        bench.plugged(16)
        bench.start_charging()
        # The room for a message grows with the longest one and stays: that is no leak
        bench.central.call("DataTransfer", {"vendorId": "nobody", "data": "x" * 8000})
        while sent < count:
            batch = Batch(bench, random.Random(scale.seed + number))
            sent += batch.messages
            what, row = (
                "--seed %d --count 1" % (scale.seed + number),
                "%s nearly right, by chance" % batch.kind,
            )
            with subtests.test(what, row=row, count=batch.messages):
                batch.run()
                looks(*bench.check_unmoved(), row)
                used = _used(bench)
                least = least or (used if number >= _SETTLED else 0)
                assert used <= least + _MOST_GROWTH or not least, (
                    "%d bytes are in use, and were %d" % (used, least)
                )
            number += 1
