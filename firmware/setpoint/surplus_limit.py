"""Tells the station what the house feeds in (house/surplus.py), while the key SurplusCharging is true.
Loaded only then."""

from micropython import const

from .house.surplus import Surplus
from .units import MINIMUM_DA

_LOG_MS = const(60000)


class SurplusLimit:
    """What house_limit.py has read goes on to `look`, about once a second."""

    def __init__(self, app) -> None:
        self._app = app
        supply = app.station.facts.supply
        self._surplus = Surplus(supply.phases, supply.can_switch_phases)
        self._assigned = None  # (da, words, phases)
        self._told_ms = {}  # connector id: when its limit was last for the log

    def tells(self, up_ms: int, connector_id: int, had_da: int, da: int) -> bool:
        """Is this change of a connector's limit one for the log? At most one a minute, so that a day
        with clouds does not fill it, and each that pauses or starts."""
        told_ms = self._told_ms.get(connector_id)
        goes_on = had_da >= MINIMUM_DA and da >= MINIMUM_DA
        if goes_on and told_ms is not None and up_ms - told_ms < _LOG_MS:
            return False
        self._told_ms[connector_id] = up_ms
        return True

    def look(
        self, up_ms: int, mains_da: "list | None", own_da, vehicles: int, assumed: bool, lag: int
    ) -> None:
        """mains_da: None: the meter is silent. own_da: what we draw of it; assumed: nobody measures
        that. lag: by so many readings it may be late."""
        surplus = self._surplus
        settings = self._app.station.settings
        surplus.minimum_da = settings["SurplusMinimumAmps"] * 10
        surplus.start_ms = settings["SurplusStartAfterSeconds"] * 1000
        surplus.stop_ms = settings["SurplusStopAfterSeconds"] * 1000
        surplus.closed_ms = settings["ContactorMinimumClosedSeconds"] * 1000
        surplus_da = 0
        if mains_da is not None:
            for phase in range(3):
                if mains_da[phase] is not None:
                    surplus_da += own_da[phase] - mains_da[phase]
        surplus.reading(up_ms, surplus_da, vehicles, None if assumed else own_da, lag)
        found = (surplus.da, surplus.words(), surplus.phases)
        if found != self._assigned:
            self._assigned = found
            self._app.station.limits.limit_total("surplus", *found)
