"""A charge point on one page: `make demo`. Takes about a minute, and exits 0 only if all went as
the schedule says.

The shipped firmware runs on MicroPython with a simulated board, and a central system of another
make (the `ocpp` package) installs charging profiles while a vehicle charges. The network goes away,
the power is cut. What was seen is then compared with what tools/expected.py works out from the
rules alone, second by second."""

from __future__ import annotations

import json
import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tools import command, demo_check, plot, profile_files
from tools.central_system import CentralSystem
from tools.expected import Placed, Site, installed, plan
from tools.station_process import ROOT, CommandFailed, StationDied, StationProcess
from tools.traffic import CALL, Message, violations

OUT = ROOT / "build"
SITE = Site(volts=230, phases=3, phase_switch=True, amps=32)
VEHICLE = {"connector": 1, "amps": 32, "phases": 3}
SAMPLE_S = 0.2
SHOWN = ("limit_amps", "offered_amps", "closed", "transaction")  # of a sample, in the recording
MOST_FAILURES = 20  # printed


def iso(at: float, digits: int = 0) -> str:
    text = datetime.fromtimestamp(at, timezone.utc).isoformat(
        timespec="milliseconds" if digits else "seconds"
    )
    return text.replace("+00:00", "Z")


def profile(number: int, purpose: str, unit: str, periods: list, start: float, **more: Any) -> dict:
    """A profile with absolute times."""
    more["startSchedule"] = iso(start)
    return profile_files.made(number, purpose, "Absolute", periods, unit=unit, **more)


@dataclass
class Sample:
    """One look at the station. `at` is the bench's clock, `now` the station's."""

    at: float
    now: str
    limit: float
    source: str
    offered: float
    duty: float
    closed: bool
    status: str
    transaction: int | None
    wh: int
    plugged: bool = True


def record_of(sample: Sample) -> dict:
    values = (sample.limit, sample.offered, sample.closed, sample.transaction is not None)
    return {"at": iso(sample.at, 3), **dict(zip(SHOWN, values, strict=True))}


class Demo:
    def __init__(self, folder: Path) -> None:
        self.began = time.time()
        self.samples: list[Sample] = []
        self.dark: list[float] = []  # when the station did not answer
        self.events: list[tuple[float, str]] = []
        # What is installed from when on
        self.placed: list[tuple[float, list[Placed]]] = [(0.0, [])]
        self.entries: list[dict] = []  # the same for the picture
        self.failures: list[str] = []
        self._shown: tuple = ()
        self._over = threading.Event()
        self._printing = threading.Lock()
        self.central = CentralSystem(on_message=self.on_message)
        self.central.tells_ms = True
        self.central.start()
        self.station = StationProcess(
            folder,
            csms_url=self.central.url,
            connectors=[{"id": 1}],
            keys={
                "MeterValueSampleInterval": "5",
                # By default it rests for longer than the demo takes
                "ContactorMinimumOpenSeconds": "0",
                "ContactorMinimumClosedSeconds": "0",
            },
            # To look at, by anybody at this machine
            page={"password": secrets.token_urlsafe(12), "open": True},
            device={
                "limits_without_profile": {
                    "amps": SITE.amps,
                    "phases": SITE.phases,
                    "volts": SITE.volts,
                },
                "phase_switch": SITE.phase_switch,
                "reconnect": {"minimum_s": 1, "random_s": 0},
            },
        )

    # ---- what it prints ----

    def say(self, text: str, sample: Sample | None = None) -> None:
        """A line of the timeline; with a sample, what the station does now."""
        with self._printing:
            if sample is None:
                print("%6.1f s  %s" % (time.time() - self.began, text), flush=True)
            else:
                now = (sample.limit, sample.duty, "closed" if sample.closed else "open")
                print(
                    "%6.1f s  %-58s %4.1f A  %6.2f %%  %s" % (sample.at - self.began, text, *now),
                    flush=True,
                )

    def event(self, text: str, mark: str | None = None) -> None:
        """Something that the demo does; `mark` is its name in the picture."""
        self.say(text)
        if mark:
            self.events.append((time.time(), mark))

    def on_message(self, message: Message) -> None:
        """The few messages that tell the story."""
        if message.kind == CALL and not message.to_station:
            p = message.payload
            if message.action == "StartTransaction":
                self.say("    StartTransaction of card %s" % p["idTag"])
            elif message.action == "StopTransaction":
                self.say(
                    "    StopTransaction %d: %s, meter at %d Wh"
                    % (p["transactionId"], p.get("reason"), p["meterStop"])
                )
            elif message.action == "BootNotification":
                self.say(
                    "    BootNotification of %s %s"
                    % (p["chargePointVendor"], p["chargePointModel"])
                )

    def watch(self) -> None:
        """Looks at the station five times a second, and prints what has changed."""
        while not self._over.wait(SAMPLE_S):
            try:
                state = self.station.state()
            except (StationDied, CommandFailed, OSError):
                self.dark.append(time.time())  # the power is cut
                continue
            connector = state["connectors"][0]
            limit, pilot, running = connector["limit"], connector["pilot"], connector["transaction"]
            sample = Sample(
                at=time.time(),
                now=state["now"],
                limit=limit["amps"],
                source=limit["source"],
                offered=pilot["offered_amps"],
                duty=pilot["duty_percent"],
                closed=connector["contactor"]["closed"],
                status=connector["status"],
                transaction=running["id"] if running else None,
                wh=connector["meter"]["wh"],
                plugged=pilot["state"] != "A",
            )
            self.samples.append(sample)
            shown = (sample.limit, sample.duty, sample.closed, sample.status)
            if shown != self._shown:
                self.say("    %s, limited by %s" % (sample.status, sample.source), sample)
                self._shown = shown

    # ---- what it does ----

    def install(self, connector: int, profile: dict, transaction: int | None = None) -> None:
        at = time.time()
        new = Placed(connector, profile, iso(at), transaction)
        self.placed.append((at, installed(self.placed[-1][1], new)))
        entry = {"connectorId": connector, "csChargingProfiles": profile, "acceptedAt": iso(at, 3)}
        self.entries.append(entry)
        answer = self.central.call(
            "SetChargingProfile", {"connectorId": connector, "csChargingProfiles": profile}
        )
        self.expect(
            answer == {"status": "Accepted"},
            "%s %d was answered %s"
            % (profile["chargingProfilePurpose"], profile["chargingProfileId"], answer),
        )

    def clear(self, number: int | None = None) -> None:
        at = time.time()
        self.placed.append(
            (
                at,
                [
                    p
                    for p in self.placed[-1][1]
                    if number not in (None, p.profile["chargingProfileId"])
                ],
            )
        )
        for entry in self.entries:
            if number in (None, entry["csChargingProfiles"]["chargingProfileId"]):
                entry.setdefault("clearedAt", iso(at, 3))
        answer = self.central.call("ClearChargingProfile", {} if number is None else {"id": number})
        self.expect(
            answer == {"status": "Accepted"}, "ClearChargingProfile was answered %s" % answer
        )

    def compare_plan(self, transaction: tuple) -> None:
        """Asks for a composite schedule and holds it against the rules."""
        answer = self.central.call(
            "GetCompositeSchedule", {"connectorId": 1, "duration": 60, "chargingRateUnit": "A"}
        )
        schedule = answer["chargingSchedule"]
        got = [
            (p["startPeriod"], round(p["limit"] * 10)) for p in schedule["chargingSchedulePeriod"]
        ]
        start = schedule.get("startSchedule") or answer["scheduleStart"]
        want = [
            (s, tenths)
            for s, tenths, _ in plan(
                SITE,
                self.placed[-1][1],
                1,
                start,
                schedule.get("duration", 60),
                "A",
                {1: transaction},
            )
        ]
        self.expect(got == want, "the composite schedule is %s, the rules say %s" % (got, want))
        self.say(
            "    its plan: "
            + ", ".join("%.1f A from +%d s" % (tenths / 10, s) for s, tenths in got)
        )

    def expect(self, true: bool, sentence: str) -> None:
        if not true:
            self.failures.append(sentence)
            self.say("  ! " + sentence)

    def address(self) -> str:
        """Of the station's page."""
        return self.station.wait_until(lambda state: state["page"])["page"]

    def until(self, second: float) -> None:
        """Waits for a second of the charge."""
        time.sleep(max(0.0, self.plugged + second - time.time()))

    def run(self) -> None:
        self.event("The station powers up")
        self.station.start()
        self.say("    Watch it: %s  (its own page, for as long as this runs)" % self.address())
        threading.Thread(target=self.watch, daemon=True).start()
        self.station.wait_until(lambda state: state["registered"])

        self.plugged = t = time.time()
        self.event("ChargePointMaxProfile: 24 A for the station, 8 A from second 22 to 27")
        self.install(
            0, profile(1, "ChargePointMaxProfile", "A", [(0, 24.0), (22, 8.0), (27, 24.0)], t)
        )
        self.event("TxDefaultProfile: 11040 W, which is 16 A on three phases")
        self.install(0, profile(2, "TxDefaultProfile", "W", [(0, 11040.0)], t))
        self.event("A vehicle is plugged in, and a card shown", "vehicle")
        self.station.cmd("plug_in", **VEHICLE)
        self.station.cmd("swipe", tag="04A1B2C3")
        start = self.central.wait_for("StartTransaction").payload
        number = self.station.wait_until(
            lambda state: (state["connectors"][0]["transaction"] or {}).get("id")
        )["connectors"][0]["transaction"]["id"]

        self.until(7)
        t = time.time()
        self.event(
            "TxProfile: 20 A, 10 A from +7 s, 0 A from +29 s, 18.5 A from +37 s", "TxProfile"
        )
        self.install(
            1,
            profile(
                3,
                "TxProfile",
                "A",
                [(0, 20.0), (7, 10.0), (29, 0.0), (37, 18.5)],
                t,
                transactionId=number,
            ),
            number,
        )
        self.compare_plan((number, start["timestamp"]))

        self.until(12)
        self.event("The network goes away", "network off")
        self.station.cmd("link", up=False)
        self.until(18)
        self.event("The network comes back", "network on")
        self.station.cmd("link", up=True)
        self.central.wait_connected()

        self.until(30)
        self.event("The power is cut in mid-charge, and comes back", "power cut")
        self.station.kill()
        self.station.start_fields["vehicles"] = [VEHICLE]
        self.station.start()
        self.station.wait_until(lambda state: state["registered"])

        self.until(51)
        self.event("ClearChargingProfile 3: the default holds again", "clear TxProfile")
        self.clear(3)
        self.until(54)
        self.event("ClearChargingProfile: nothing limits but the hardware", "clear all")
        self.clear()
        self.until(62)
        self.event("The vehicle is unplugged", "unplugged")
        self.station.cmd("plug_out", connector=1)
        self.central.wait_for("StopTransaction")
        self.station.wait_until(lambda state: state["connectors"][0]["status"] == "Available")
        time.sleep(2 * SAMPLE_S)

    def close(self) -> None:
        self._over.set()
        self.expect(
            self.station.terminate() == 0, "the station did not end with exit code 0 after SIGTERM"
        )
        self.station.close()
        self.central.stop()

    # ---- what is left of it ----

    def write(self, picture: Path) -> None:
        """The case file, the recording and the picture."""
        transaction = demo_check.transaction_of(self.central.messages)
        case = {
            "title": "make demo: the pilot follows the limit, without the network and over a power cut",
            "from": iso(self.plugged - 1),
            "hours": (time.time() - self.plugged + 2) / 3600,
            "supply": {
                "volts": SITE.volts,
                "phases": SITE.phases,
                "phase_switch": SITE.phase_switch,
                "connector_amps": SITE.amps,
            },
            "transaction": transaction,
            "profiles": self.entries,
        }
        records = [record_of(sample) for sample in self.samples]
        records += [{"at": iso(at, 3), **dict.fromkeys(SHOWN)} for at in self.dark]
        records += [{"at": iso(at, 3), "event": text} for at, text in self.events]
        records.sort(key=lambda record: str(record["at"]))
        (OUT / "demo.json").write_text(json.dumps(case, indent=1))
        (OUT / "demo.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        plot.draw(plot.Case(case), picture, records)


def main(arguments: list[str] | None = None) -> int:
    parser = command.parser("demo", __doc__)
    parser.add_argument(
        "--out",
        type=Path,
        default=OUT / "demo.svg",
        help="the picture, .svg or .png (default build/demo.svg)",
    )
    parser.add_argument(
        "--log", action="store_true", help="print the station's log and the OCPP traffic, too"
    )
    options = parser.parse_args(arguments)
    folder = OUT / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    print("    time  what happened %50s  pilot      contactor" % "limit", flush=True)
    demo = Demo(folder)
    if options.log:
        demo.station.on_log = lambda line: demo.say("      | " + line)
    try:
        try:
            demo.run()
        finally:
            demo.close()
    except (StationDied, CommandFailed, TimeoutError, ConnectionError) as error:
        print(
            "\n%s\n\nThe station's last words:\n  %s" % (error, "\n  ".join(demo.station.log[-30:]))
        )
        return 1
    demo.write(options.out)
    demo.failures += demo_check.failures(SITE, demo.samples, demo.placed, demo.central.messages)
    demo.failures += violations(demo.central.messages)
    print()
    for sentence in demo.failures[:MOST_FAILURES]:
        print("WRONG: " + sentence)
    if len(demo.failures) > MOST_FAILURES:
        print("WRONG: and %d more" % (len(demo.failures) - MOST_FAILURES))
    print(demo_check.summary(demo.samples, demo.central.messages))
    print("The picture: %s" % options.out)
    return 1 if demo.failures else 0


if __name__ == "__main__":
    command.interruptible("demo", main)
