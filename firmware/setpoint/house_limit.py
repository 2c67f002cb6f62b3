"""Tells the station what the house leaves (house/mains.py), from the board's meter at the grid
connection. Loaded where a board has one.

The agent looks when the meter has a new reading, and once a second where it has none."""

from .house.mains import Mains
from .units import tenths

_LOOK_MS = 1000


class HouseLimit:
    """mains: the board's (contract.pyi). wake: has the agent look. due_ms: when `look` is wanted
    at the latest. limit: house/mains.py."""

    def __init__(self, app, mains, wake) -> None:
        self._app = app
        self._meter = mains
        self.limit = Mains(
            tenths(mains.fuse_amps), tenths(mains.safe_amps), mains.rise_after_s, mains.lag
        )
        self._seen = mains.readings
        self._told = None  # (da, words)
        self._lost = False
        self._surplus = None
        self._rotation = ""
        self._orders = {}  # connector id: phases of the grid of its L1, L2, L3
        self._current_da = [0, 0, 0]
        self.due_ms = 0
        mains.on_reading = wake
        app.station.limits.limit_total("house", self.limit.da, self.limit.words())

    def look(self) -> None:
        """Cheap when there is nothing new."""
        up_ms = self._app.clock.uptime_ms()
        readings = self._meter.readings
        limit = self.limit
        if readings != self._seen:
            self._seen = readings
            phases, assumed = self._ours()
            mains_da = self._meter.currents_da
            limit.reading(
                up_ms,
                mains_da,
                self._current_da,
                phases,
                self._vehicles(),
                assumed,
            )
        elif up_ms >= self.due_ms:
            mains_da = assumed = None
            limit.silence(up_ms, self._vehicles())
        else:
            return
        self.due_ms = up_ms + _LOOK_MS
        if self._surplus is not None or self._app.station.settings["SurplusCharging"]:
            self._look_at_surplus(up_ms, mains_da, assumed)
        if self._told != (limit.da, limit.phase):
            self._told = (limit.da, limit.phase)
            self._app.station.limits.limit_total("house", limit.da, limit.words())
        if limit.silent != self._lost and (limit.heard() or self._lost or up_ms > 10000):
            self._lost = limit.silent
            self._tell_loss()

    def _look_at_surplus(self, up_ms: int, mains_da: "list | None", assumed) -> None:
        app, limit = self._app, self.limit
        if not app.station.settings["SurplusCharging"]:
            self._surplus = None
            app.station.limits.limit_total("surplus", None)
            return
        if self._surplus is None:
            from .surplus_limit import SurplusLimit

            self._surplus = SurplusLimit(app)
        if limit.silent or limit.heard_at(up_ms):
            self._surplus.look(
                up_ms,
                None if limit.silent else mains_da,
                None if limit.silent else limit.drawn(),
                self._vehicles(),
                assumed,
                self._meter.lag,
            )

    def tells(self, connector_id: int, had_da: int, da: int, why: str) -> bool:
        """Is this change of a connector's limit one for the log?"""
        surplus = self._surplus
        if surplus is None or "surplus" not in why:
            return True
        return surplus.tells(self._app.clock.uptime_ms(), connector_id, had_da, da)

    def _tell_loss(self) -> None:
        problem = self._meter.problem or "no reading that can be"
        lost = self._lost
        sentence = problem if lost else "it answers"
        self._app.log("error" if lost else "info", "house", "mains meter: " + sentence)
        self._app.on_fault(
            0,
            "PowerMeterFailure",
            "mains_meter",
            ("%s: check mains meter" % problem)[:50] if lost else None,
            lost,
        )

    def _vehicles(self) -> int:
        count = 0
        for connector in self._app.station.facts.connectors:
            if connector.transaction is not None:
                count += 1
        return count

    def _ours(self) -> tuple:
        """(phases of the grid that we use, whether our current is assumed), and the current of each
        phase. Where no transaction runs, all that we could use."""
        app = self._app
        self._look_at_rotation(app.station.settings["ConnectorPhaseRotation"])
        currents_da = [0, 0, 0]
        used, could = [False] * 3, [False] * 3
        assumed = False
        for connector in app.station.facts.connectors:
            evse = app.control.evses[connector.id]
            outlet = evse.outlet
            order = self._orders[connector.id]
            closed = evse.sequence.contactor
            if outlet.meter_estimated:
                assumed = True
                da = evse.offered_da() if closed else 0
                drawn = [da if phase < outlet.phases else 0 for phase in range(3)]
            else:
                drawn = outlet.meter_currents_da()
            phases = max(outlet.phases, app.station.limits.of[connector.id].phases)
            for phase in range(3):
                currents_da[order[phase]] += drawn[phase]
                if phase < min(phases, app.station.facts.supply.phases):
                    could[order[phase]] = True
                    if closed or connector.transaction is not None:
                        used[order[phase]] = True
        self._current_da = currents_da
        chosen = used if True in used else could
        return [phase for phase in range(3) if chosen[phase]], assumed

    def _look_at_rotation(self, text: str) -> None:
        if text != self._rotation or not self._orders:
            from .house.rotation import phases_of

            self._rotation = text
            for connector in self._app.station.facts.connectors:
                self._orders[connector.id] = phases_of(text, connector.id)
