"""Runs on MicroPython: messages reach the whole agent while the heap has almost no room left, a few
bytes more each time.

`micropython -m heap_filled FIRST STEP LAST START.json`, with the firmware in its path. For every
message, every amount of room and both shapes of it (one piece, or pieces of about a hundred) it
prints a line of JSON:

    {"message": ..., "room": bytes, "outcome": "answered" | "refused" | "hung up" | "restarted",
    "lost": sentence or null}

Between two trials the agent goes on, as after any message; only where it asks for a restart it is
made anew, from its flash."""

import gc
import json
import sys

import vfs

from setpoint import board as boards
from setpoint.app import App
from setpoint.protocol.websocket import parts_of
from setpoint.schedule.installed import InstalledProfiles
from setpoint.schedule.stored import from_document

FIRST, STEP, LAST = int(sys.argv[-4]), int(sys.argv[-3]), int(sys.argv[-2])
SMALL = (None,) * 13
ANSWER = "an answer"
# After these another state than the charge that each trial begins with
ENDING = ("RemoteStopTransaction", "Reset", "RemoteStartTransaction", "ChangeAvailability")
BOOTED = {"status": "Accepted", "currentTime": "2025-06-15T00:00:00Z", "interval": 300}


def profile(number, level, amps, purpose="TxDefaultProfile", periods=6):
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "startSchedule": "2025-06-15T00:00:00Z",
            "chargingSchedulePeriod": [
                {"startPeriod": 60 * i, "limit": amps + i / 10} for i in range(periods)
            ],
        },
    }


class Wire:
    """In the place of the link: keeps what is sent."""

    def __init__(self):
        self.texts = []

    def send(self, text):
        self.texts.append(text if type(text) is str else b"".join(parts_of(text)).decode())
        return True

    def set_ping_interval(self, interval_s):
        pass

    def renew(self):
        pass


class Agent:
    """An App that is told things, without any task."""

    def __init__(self):
        try:
            vfs.umount("/flash")
        except OSError:
            pass  # the first start
        self.board = boards.this()
        self.board.make_safe()
        self.app = App(self.board)
        self.wire = self.app.session = Wire()
        self.app._set_station_time()
        self.app.station.start(False)
        self.app._carry_out()
        self.connect()

    def connect(self):
        self.app.on_up()
        self.answer_all()

    def answer_all(self):
        """The central system answers what the station asks."""
        while self.wire.texts:
            message = json.loads(self.wire.texts.pop(0))
            if message[0] == 2:
                answer = {}
                if message[2] == "BootNotification":
                    answer = BOOTED
                elif message[2] == "Heartbeat":
                    answer = {"currentTime": BOOTED["currentTime"]}
                elif message[2] == "Authorize":
                    answer = {"idTagInfo": {"status": "Accepted"}}
                elif message[2] == "StartTransaction":
                    answer = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
                self.app.on_text(json.dumps([3, message[1], answer]))

    def ask(self, action, payload):
        """The payload of the answer to a valid request."""
        self.answer_all()
        self.app.on_text(json.dumps([2, "valid", action, payload]))
        found = None
        for text in list(self.wire.texts):
            message = json.loads(text)
            if message[0] != 2:
                assert message[:2] == [3, "valid"], text
                found = message[2]
                self.wire.texts.remove(text)
        self.answer_all()
        return found

    def charge(self):
        """A transaction on connector 1, and two profiles."""
        app = self.app
        app.dispatch(app.station.on_pilot, 1, "C2", "C")
        if app.station.facts.connectors[0].transaction is None:
            app.on_card("CARD", [1])
            self.answer_all()
            app.wake()
            self.answer_all()
        assert app.station.facts.connectors[0].transaction is not None
        for number in (1, 2):
            self.ask(
                "SetChargingProfile",
                {"connectorId": 1, "csChargingProfiles": profile(number, number, 10 * number)},
            )
        assert len(app.station.profiles) >= 2

    def over(self):
        """It asks for a restart."""
        return self.app.died or self.app._over.is_set()


def fill(room, in_pieces):
    """Everything there is but this much; `free` gives it back."""
    kept = hole = None
    gc.collect()
    if in_pieces:
        for _ in range(room // 128):
            # A free piece of a block of 112 bytes and one of 16, and behind each ...
            hole = (hole, SMALL + SMALL)
            kept = [kept, None]  # ... something that stays
    else:
        hole = (hole, bytearray(max(room, 1)))
    size = 65536
    while size >= 16:
        try:
            while True:
                kept = [kept, bytearray(size)]
        except MemoryError:
            size //= 2
    hole = None
    return kept


def free(kept):
    """Link by link: a stale pointer on the interpreter's stack would else keep all of it."""
    while kept is not None:
        kept[1] = None
        kept[0], kept = None, kept[0]
    gc.collect()


def outcome_of(agent, text, room, in_pieces):
    """Lets the message come in, as the link would, with so much room."""
    app = agent.app
    kept = fill(room, in_pieces)
    gc.collect()
    hung_up = reset = False
    try:
        try:
            app.on_text(text)
        except MemoryError:
            hung_up = True
            app.on_down("out of memory")
    except MemoryError:
        pass
    except SystemExit:
        reset = True
    free(kept)
    if reset or agent.over():
        return "restarted"
    if hung_up:
        agent.wire.texts.clear()
        agent.connect()
        return "hung up"
    for text in agent.wire.texts:
        if text.startswith('[4,"m"'):
            assert "InternalError" in text, text
            return "refused"
        if text.startswith('[3,"m"'):
            return "answered"
    return "answered" if text.startswith("[3") else "nothing"


def lost(agent):
    """What is in force and what is in flash must be the same; the next valid message is answered. A
    sentence, or None."""
    app = agent.app
    station = app.station
    app._set_station_time()
    answer = agent.ask("GetConfiguration", {"key": ["HeartbeatInterval"]})
    if not answer or not answer["configurationKey"]:
        return "a valid request is not answered"
    stored = InstalledProfiles(station.facts.supply, station.profiles.capability)
    documents = []
    for name in station.documents.names():
        if name.startswith("profile-"):
            documents.append(station.documents.read(name))
    documents.sort(key=lambda document: document[0])
    for document in documents:
        one = from_document(document[1], station.facts.supply)
        stored.install(one, stored.displaced_by(one, None)[0])
    here = sorted([json.dumps(p.to_document()) for p in station.profiles])
    there = sorted([json.dumps(p.to_document()) for p in stored])
    if here != there:
        return "profiles in force %s, in flash %s" % (here, there)
    connector = station.facts.connectors[0]
    want = stored.limit_at(1, station.facts.now, connector.transaction)[0]
    told = app.control.evses[1].limit_da
    if told > want:
        return "the limit is %d, and should be %d" % (told, want)
    running = [t.handle for t in station.outbox.ledger.running]
    if running != [
        c.transaction.handle for c in station.facts.connectors if c.transaction is not None
    ]:
        return "transactions %s run in flash, and %s here" % (running, connector.transaction)
    if app.control.evses[1].permitted != connector.permitted():
        return "the permission is %s" % app.control.evses[1].permitted
    keys = station.documents.read("settings") or {}
    for name in keys:
        if str(station.settings[name]) != keys[name]:
            return "%s is %s, in flash %s" % (name, station.settings[name], keys[name])
    reservations = station.facts.reservations
    if (station.documents.read("reservations") or []) != (
        reservations._all if reservations else []
    ):
        return "the reservations differ from flash"
    out = station.documents.read("availability") or []
    if out != [place.id for place in station.facts.places() if not place.operative]:
        return "the availability differs from flash"
    return None


def messages(number):
    """(action, in words where one has two shapes; payload) of every kind. What it asks for is
    another thing each time: what is stored already is not written again."""
    availability = "Operative" if number % 2 else "Inoperative"
    minute = number % 50
    new = profile(3, 3, 6 + minute)
    yield "SetChargingProfile, new", {"connectorId": 1, "csChargingProfiles": new}
    longer = profile(2, 2, 6 + minute, periods=24)
    yield "SetChargingProfile, replacing", {"connectorId": 1, "csChargingProfiles": longer}
    yield "ClearChargingProfile", {"id": 3}
    yield "GetCompositeSchedule", {"connectorId": 1, "duration": 86400}
    yield "GetConfiguration", {}
    yield "ChangeConfiguration", {"key": "ConnectionTimeOut", "value": str(60 + minute)}
    yield "ChangeAvailability", {"connectorId": 2, "type": availability}
    reservation = {"connectorId": 2, "reservationId": number, "idTag": "MINE"}
    yield "ReserveNow", dict(reservation, expiryDate="2037-01-01T00:00:00Z")
    yield "CancelReservation", {"reservationId": number}
    yield "ClearCache", {}
    yield "DataTransfer", {"vendorId": "Setpoint", "messageId": "Profiles"}
    yield "TriggerMessage", {"requestedMessage": "StatusNotification"}
    yield "UnlockConnector", {"connectorId": 2}
    yield "RemoteStartTransaction", {"connectorId": 2, "idTag": "OTHER"}
    yield "RemoteStopTransaction", {"transactionId": 7}
    yield ANSWER, {"currentTime": BOOTED["currentTime"]}
    yield "Reset", {"type": "Soft"}


def main():
    agent = Agent()
    agent.charge()
    number = 0
    for room in range(FIRST, LAST, STEP):
        for in_pieces in (False, True):
            number += 1
            for name, payload in messages(number):
                if name == ANSWER:
                    agent.wire.texts.clear()
                    agent.app.dispatch(agent.app.station.registration.heartbeat, True)
                    agent.app.wake()
                    asked = [json.loads(t) for t in agent.wire.texts]
                    text = json.dumps([3, asked[0][1] if asked else "none", payload])
                else:
                    text = json.dumps([2, "m", name.split(",")[0], payload])
                if len(text) > 800:
                    text = memoryview(text.encode())
                outcome = outcome_of(agent, text, room, in_pieces)
                trouble = None
                if outcome == "restarted":
                    agent = None
                    agent = Agent()
                    trouble = lost(agent)
                elif outcome == "nothing" and name != ANSWER:
                    trouble = "no answer"
                else:
                    trouble = lost(agent)
                print(
                    json.dumps({"message": name, "room": room, "outcome": outcome, "lost": trouble})
                )
                if name in ENDING or trouble or outcome == "restarted":
                    if agent.over() or trouble:
                        agent = None
                        agent = Agent()
                    agent.charge()


main()
