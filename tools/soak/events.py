"""What can happen to the station on a day: each public method is one event of the plan."""

from __future__ import annotations

from typing import Any

from tools import expected, profile_files
from tools.expected import Placed
from tools.soak.life import DAY_S, PATIENCE_S, UNANSWERED, Life, text_of

_FAULTS = (
    ({"cmd": "diode", "broken": True}, {"cmd": "diode", "broken": False}),
    ({"cmd": "pilot", "fault": "short"}, {"cmd": "pilot", "fault": None}),
    ({"cmd": "pilot", "fault": "open"}, {"cmd": "pilot", "fault": None}),
    (
        {"cmd": "fault", "code": "GroundFailure", "active": True},
        {"cmd": "fault", "code": "GroundFailure", "active": False},
    ),
    ({"cmd": "cable", "amps": 13}, {"cmd": "cable", "amps": None}),
)


class Events(Life):
    def arrive(self, connector: int) -> None:
        chance = self.chance
        before = self.pass_until(self.now)["connectors"][connector - 1]["meter"]["wh"]
        vehicle = {
            "amps": chance.choice((10, 16, 20, 32)),
            "phases": chance.choice((1, 3, 3)),
            "draw_delay": chance.choice((0, 0, 30)),
        }
        self.vehicles[connector] = vehicle
        self.station.cmd("plug_in", connector=connector, **vehicle)
        self.pass_until(self.now + 5)
        tag = "S%05d" % self.next_tag
        self.next_tag += 1
        self.accounts.arrive(connector, tag, before)
        if self.online and chance.random() < 0.4:
            self.count("remote starts")
            self.central.call("RemoteStartTransaction", {"connectorId": connector, "idTag": tag})
        else:
            self.count("cards")
            self.station.cmd("swipe", tag=tag, connectors=[connector])
        self.pass_until(self.now + 20)

    def leave(self, connector: int) -> None:
        if connector not in self.vehicles:
            return
        how = self.chance.choice(("card", "full", "remote", "cable"))
        running = self.pass_until(self.now)["connectors"][connector - 1]["transaction"]
        if how == "full":
            self.station.cmd("ev", connector=connector, wants=False)
            self.pass_until(self.now + 60)
        elif running and how == "card":
            self.station.cmd("swipe", tag=running["id_tag"], connectors=[connector])
        elif running and running["id"] is not None and how == "remote" and self.online:
            try:
                self.central.call("RemoteStopTransaction", {"transactionId": running["id"]})
            except UNANSWERED:
                self.count("requests without an answer")
        self.pass_until(self.now + 10)
        del self.vehicles[connector]
        self.station.cmd("plug_out", connector=connector)
        state = self.pass_until(self.now + 10)
        self.accounts.leave(connector, state["connectors"][connector - 1]["meter"]["wh"])

    def change_profiles(self) -> None:
        if not self.online:
            return
        chance = self.chance
        before = self.accounts.worlds()
        if chance.random() < 0.2:
            number = chance.choice((1, 10, 11, 12, 21, 22))
            after = [
                [placed for placed in world if placed.profile["chargingProfileId"] != number]
                for world in before
            ]
            self._ask("ClearChargingProfile", {"id": number}, before, after)
            return
        purpose, connector, number = chance.choice(
            (
                ("ChargePointMaxProfile", 0, 1),
                *(("TxDefaultProfile", c, 10 + c) for c in (0, 1, 2)),
                *(("TxProfile", c, 20 + c) for c in (1, 2)),
            )
        )
        new = Placed(connector, self._profile(purpose, number), self.instant())
        if purpose == "TxProfile":
            running = self.station.connector(connector)["transaction"]
            if running is None or running["id"] is None or running["id"] < 0:
                return
            new.profile["transactionId"] = running["id"]
            new = new._replace(transaction=running["id"])
        after = [expected.installed(world, new) for world in before]
        self._ask(
            "SetChargingProfile",
            {"connectorId": connector, "csChargingProfiles": new.profile},
            before,
            after,
        )

    def _ask(self, action: str, payload: dict, before: list, after: list) -> None:
        """Until it is answered, either holds."""
        self.accounts.profiles(before + after, self.instant())
        status = self.central.call(action, payload)["status"]
        self.count("profiles changed" if status == "Accepted" else "profile changes refused")
        self.accounts.profiles(after if status == "Accepted" else before, self.instant())

    def _profile(self, purpose: str, number: int) -> dict:
        chance = self.chance
        kinds = (
            ("Absolute", "Recurring")
            if purpose == "ChargePointMaxProfile"
            else ("Absolute", "Recurring", "Relative")
        )
        kind = chance.choice(kinds)
        count = chance.choice((1, 3, 24))
        step = chance.choice((900, 3600)) if kind != "Recurring" else 3600
        unit, scale = chance.choice((("A", 1), ("W", 690)))
        more: dict[str, Any] = {}
        if kind != "Relative":
            more["startSchedule"] = text_of(self.now - self.now % DAY_S)
        if kind == "Recurring":
            more.update(recurrencyKind="Daily", duration=DAY_S)
        limits = (0, 6, 8.5, 10, 12.3, 16, 20, 25, 32, 40)
        periods = [(i * step, scale * chance.choice(limits)) for i in range(count)]
        level = chance.randrange(3)
        return profile_files.made(number, purpose, kind, periods, level, unit, **more)

    def _known(self) -> None:
        """After an outage the station is registered again."""
        if self.online:
            self.station.wait_until(lambda state: state["registered"], PATIENCE_S)
            self.pass_until(self.now + 5)

    def lose_link(self) -> None:
        self.count("outages")
        self.link = False
        self.station.cmd("link", up=False)

    def find_link(self) -> None:
        if not self.link:
            self.link = True
            self.station.cmd("link", up=True)
            self._known()

    def stop_central_system(self) -> None:
        if self.listens:
            self.count("outages")
            self.listens = False
            self.central.stop()

    def start_central_system(self) -> None:
        if not self.listens:
            self.listens = True
            self.central.start()
            self._known()

    def fill_flash(self) -> None:
        if self.cut_is_due:
            return
        self.count("times that the flash was full")
        self.full = True
        self.station.cmd("flash", after_writes=1, mode="full")

    def mend_flash(self) -> None:
        """There is room again, and a while in which what waited is written."""
        if self.full:
            self.full = False
            self.station.cmd("flash", mode=None)
            self.pass_until(self.now + 600)

    def fail_a_write(self) -> None:
        if not self.full and not self.cut_is_due:
            self.count("flash writes that failed")
            self.station.cmd("flash", after_writes=self.chance.randint(1, 30), mode="error")

    def break_something(self) -> None:
        """A fault of pilot, vehicle or cable, or heat."""
        self.count("faults at a connector")
        connector = self.chance.choice((1, 2))
        if self.chance.random() < 0.2:
            self.station.cmd("temperature", celsius=self.chance.randint(60, 80))
            self.mending = {"cmd": "temperature", "celsius": 25}
            return
        broken, mended = self.chance.choice(_FAULTS)
        self.mending = {"connector": connector, **mended}
        self._tell({"connector": connector, **broken})

    def mend_everything(self) -> None:
        if self.mending is not None:
            mending, self.mending = self.mending, None
            self._tell(mending)

    def _tell(self, command: dict[str, Any]) -> None:
        self.station.cmd(
            command["cmd"], **{name: value for name, value in command.items() if name != "cmd"}
        )

    def cut_power(self) -> None:
        if self.full:
            return  # what cannot be written is lost with the power
        self.count("power cuts")
        self.station.kill()
        self.now += self.chance.choice((1, 60, 3600))
        self.cut_is_due = False
        self.start()

    def cut_power_in_a_write(self) -> None:
        if not self.full:
            self.cut_is_due = True
            self.station.cmd("flash", after_writes=self.chance.randint(1, 60), mode="cut")

    def reset(self) -> None:
        if not self.online or self.full:
            return
        kind = self.chance.choice(("Soft", "Hard"))
        if self.central.call("Reset", {"type": kind})["status"] == "Accepted":
            self.count("resets by the central system")
            self.station.wait_exit(PATIENCE_S)
            self.cut_is_due = False
            self.start()
