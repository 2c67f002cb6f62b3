"""A station with something of everything in its flash, and what must hold when it starts again
from that flash, or from what is left of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faults import surviving
from faults.bench import INSTALLED_DA, Bench, local_list, profile
from faults.scenes import FAR_AWAY

SENT = {1: (25, 20), 2: (16, 10)}  # profile: the amperes of its versions, the newer last
LIMIT_DA = 100  # of the newest
_SAMPLED = (
    "Energy.Active.Import.Register,Power.Active.Import,"
    "Current.Import,Current.Offered,Voltage,Temperature"
)
_KEY = "ConnectionTimeOut"
_LATER_S = 7200  # the starts are so much later: what is from before is known by its time
_PATIENCE_S = 20
_QUIET_S = 0.2
_TOLD = ("StartTransaction", "MeterValues", "StopTransaction")


class Prepared:
    """Profiles, each with the version before it; keys, twice; cards; a local list; a connector out
    of service, one with a fault that only a person ends, and a reserved one; an AuthorizationKey; a
    transaction that was told whole, and one that runs, with samples that wait for the link."""

    def __init__(self, folder: Path, interpreter: list[str]) -> None:
        # Few lines fill a segment.
        keys = {"MeterValueSampleInterval": "30", "MeterValuesSampledData": _SAMPLED}
        connectors = [{"id": number} for number in (1, 2, 3, 4)]
        self.bench = bench = Bench(folder, interpreter, connectors=connectors, keys=keys)
        self.profiles: dict[tuple[int, float], dict] = {}  # as told, by (number, amperes)
        self.past: list[Any] = []  # payloads that were told before
        bench.plugged(32)
        bench.start()
        self.unset = bench.key(_KEY)
        self._fill()
        bench.station.kill()
        self.past = self._told()
        bench.keep_flash()
        bench.central.clock_offset_s = _LATER_S
        # No sample before BootNotification is old.
        bench.station.start_fields["clock"] = {"offset_s": _LATER_S}
        self.image = (bench.folder / "kept" / "flash.img").read_bytes()
        files = surviving.files_of(self.image)
        assert files is not None
        self.files = files
        self._written = [json.dumps(line) for line in surviving.lines(files)]
        self.waiting = self._wait_for_all()  # order in the journal: the payload that is to be told

    def _fill(self) -> None:
        bench, station = self.bench, self.bench.station
        for version in (0, 1):
            for number, amps in SENT.items():
                sent = profile(number, amps[version], periods=24)
                bench.install(sent)
                self.profiles[number, amps[version]] = self._installed()[number]
            bench.ask("ChangeConfiguration", {"key": _KEY, "value": "%d000" % (version + 1)})
            password = "0123456789abcdef%d" % version * 2
            bench.ask("ChangeConfiguration", {"key": "AuthorizationKey", "value": password})
            bench.ask("ChangeAvailability", {"connectorId": 2 + version, "type": "Inoperative"})
            bench.ask("SendLocalList", local_list(version + 1, range(20 * version, 30)))
            reserve = {"connectorId": 4, "reservationId": 1, "idTag": "NEVER%d" % version}
            bench.ask("ReserveNow", {**reserve, "expiryDate": FAR_AWAY})
        bench.ask("ChangeAvailability", {"connectorId": 2, "type": "Operative"})
        station.cmd("contactor", connector=2, stuck="closed")
        station.wait_until(lambda state: state["connectors"][1]["status"] == "Faulted")
        for tag in ("FIRST", "CARD"):
            station.cmd("swipe", tag=tag, connectors=[1])
            self.transaction = bench.wait_transaction()
            station.cmd("clock", advance_s=60)
            if tag == "FIRST":
                station.cmd("swipe", tag=tag, connectors=[1])
                bench.central.wait_for("StopTransaction")
                bench.wait_ended()
                station.cmd("plug_out", connector=1)
                station.cmd("plug_in", connector=1, amps=32, phases=3)
        station.cmd("link", up=False)
        station.cmd("clock", advance_s=1800)
        station.wait_until(lambda state: state["connectors"][0]["transaction"])

    def _told(self) -> list[Any]:
        """Messages of transactions from before the kill, in order."""
        border = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + _LATER_S / 2))
        found = []
        for message in list(self.bench.central.messages):
            if not message.to_station and message.kind == 2 and message.action in _TOLD:
                payload = message.payload
                if payload.get("meterValue", [payload])[0]["timestamp"] < border:
                    found.append(payload)
        return found

    def _orders(self, files: dict[str, bytes], delivered: int) -> list[int]:
        return [line[0] for line in self._lines(files) if line[1] in "SME" and line[0] > delivered]

    def _lines(self, files: dict[str, bytes]) -> list[list]:
        """Those that the station wrote."""
        return [line for line in surviving.lines(files) if json.dumps(line) in self._written]

    def _wait_for_all(self) -> dict[int, Any]:
        """A start that nothing is in the way of: what is told belongs to the lines of the
        journal, one by one."""
        orders = self._orders(self.files, surviving.delivered(self.files))
        self.bench.central.messages.clear()
        self.bench.start()
        told = self._wait_told(lambda told: len(told) >= len(orders))
        self.bench.station.kill()
        assert len(told) == len(orders) > 20, (len(told), len(orders))
        return dict(zip(orders, told))

    def _wait_told(self, is_all: Callable[[list[Any]], bool]) -> list[Any]:
        end = time.monotonic() + _PATIENCE_S
        while not is_all(self._told()) and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(_QUIET_S)
        return self._told()

    def _installed(self) -> dict[int, dict]:
        """Every profile with its periods, by id."""
        ask = {"vendorId": "Setpoint", "messageId": "Profile"}
        call = self.bench.central.call
        return {
            n: json.loads(call("DataTransfer", {**ask, "data": str(n)})["data"])
            for n in self.bench.profiles()
        }

    # ---- after a start

    def start_from(self, image: bytes, in_log: str = "") -> None:
        """One start from this image, judged. in_log: one of the words, with | between, that the
        log must have."""
        bench = self.bench
        bench.restore_flash()
        (bench.folder / "flash" / "flash.img").write_bytes(image)
        bench.station.log.clear()
        bench.central.messages.clear()
        try:
            bench.start()
            self.check(image)
        finally:
            bench.station.kill()
        assert any(word in line for line in bench.station.log for word in in_log.split("|")), (
            "the log says nothing of it"
        )

    def check(self, image: bytes, restarted: bool = False) -> None:
        """The station has started from this image: is in force what it still says, and does it
        work?

        restarted: it was broken off once, in which one message may be told twice."""
        files = surviving.files_of(image)
        log = self.bench.station.log
        assert files is not None or [line for line in log if "cannot be mounted" in line], (
            "the flash cannot be mounted, and the log says nothing"
        )
        self._check_documents(files or {})
        self._check_journal(files or {}, restarted)
        self._check_work()
        self.bench.check_traffic()

    def _check_documents(self, files: dict[str, bytes]) -> None:
        left = surviving.profiles(files)
        there = self._installed()
        if there != {number: self.profiles[number, amps] for number, amps in left.items()}:
            first = {number: found["chargingSchedulePeriod"][0] for number, found in there.items()}
            raise AssertionError(
                "profiles in force are %s, and the flash still has %s" % (first, left)
            )
        self.bench.check_limit({round(10 * left[max(left)])} if left else {INSTALLED_DA})
        value = (surviving.document(files, "settings") or {}).get(_KEY, self.unset)
        is_now = self.bench.key(_KEY)
        assert is_now == value, "%s is %s, and should be %s" % (_KEY, is_now, value)
        listed = surviving.list_version(files.get(surviving.LOCAL_LIST, b"")) or 0
        assert self.bench.list_version() == listed, "the local list has not version %d" % listed
        latched = surviving.document(files, "faults") or {}
        out = surviving.document(files, "availability") or []
        wanted = [
            "Faulted" if str(n) in latched else "Unavailable" if n in out else "Available"
            for n in (2, 3)
        ]
        reserved = surviving.document(files, "reservations")
        wanted.append("Reserved" if reserved else "Available")
        status = [connector["status"] for connector in self.bench.station.state()["connectors"][1:]]
        assert status == wanted, "connectors 2 to 4 are %s, and should be %s" % (status, wanted)

    def _check_journal(self, files: dict[str, bytes], restarted: bool) -> None:
        """What is whole is told once; what was told before comes again only where nothing says
        any more that it was."""
        orders = self._orders(files, surviving.delivered(files))
        wanted = [self.waiting[order] for order in sorted(set(orders)) if order in self.waiting]
        told = self._wait_told(lambda told: all(payload in told for payload in wanted))
        news = [payload for payload in told if payload not in self.past]
        twice = [number for number in range(1, len(news)) if news[number] == news[number - 1]]
        if restarted and len(twice) == 1:
            del news[twice[0]]
        differ = [pair for pair in zip(news, wanted) if pair[0] != pair[1]][:1]
        counts = (len(news), len(wanted), differ)
        what = "%d messages of the journal were told, and %d are whole in the flash: %s" % counts
        assert news == wanted, what
        intact = all(
            files.get(mark) == self.files[mark] for mark in ("/journal/mark0", "/journal/mark1")
        )
        again = [payload for payload in told if payload in self.past]
        assert not (intact and again), "messages were told again, and the marks are whole"
        runs = [line for line in self._lines(files) if self._says_that_it_runs(line)]
        here = self.bench.station.connector()["transaction"]
        goes_on = here is not None and here["id"] in (self.transaction, None)
        assert goes_on or not runs, "the transaction %d does not go on, there is %s" % (
            self.transaction,
            here,
        )

    def _says_that_it_runs(self, line: list) -> bool:
        if line[1] == "S":
            return line[3] == "CARD"
        return line[1] == "H" and any(entry[2] == "CARD" for entry in line[6])

    def _check_work(self) -> None:
        """A new profile is kept, and a vehicle charges by it."""
        bench, station = self.bench, self.bench.station
        bench.install(profile(3, 7))
        bench.check_limit({70})
        bench.ask("ClearCache", {})
        if station.connector()["transaction"] is None:
            station.cmd("swipe", tag="OTHER", connectors=[1])
        station.cmd("clock", advance_s=6)  # the offer changes at most every 5 s

        def charges(state: dict) -> bool:
            here = state["connectors"][0]
            return here["contactor"]["closed"] and here["meter"]["amps"] == 7

        station.wait_until(charges)
