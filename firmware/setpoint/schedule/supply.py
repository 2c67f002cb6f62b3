"""The station's wiring, and the unit in which limits are compared.

A profile gives amperes per phase or watts over its phases, both in tenths. To compare them without
rounding, every limit becomes a *rate*: sixths of a deci-watt per phase. A deci-ampere is 6 * volts
of them. A deci-watt over d phases is 6 // d of them, which is exact since d is 1, 2 or 3. A rate is
rounded once, down, when it leaves the room (R25).
"""


class Supply:
    """The wiring and the station's own limits; all connectors are alike.

    volts              phase to neutral, the set voltage for converting between A and W
    phases             wired phases, 1 to 3
    can_switch_phases  the hardware can hold a connector to one phase
    connector_da       a connector's own limit per phase
    connector_dw       the same in deci-watts over all wired phases, or None; the lower one binds
    station_da         the own limit per phase of all connectors together (the grid connection), or
                       None
    connectors         how many there are, numbered from 1
    """

    def __init__(
        self,
        volts: int,
        phases: int,
        can_switch_phases: bool,
        connector_da: int,
        connector_dw: "int | None" = None,
        station_da: "int | None" = None,
        connectors: int = 1,
    ) -> None:
        self.volts = volts
        self.phases = phases
        self.connectors = connectors
        self.can_switch_phases = can_switch_phases
        self.rate_per_da = 6 * volts
        # Phases that may carry current when a profile names 1, 2 or 3 (index 0 is unused). A switch
        # holds a connector to one phase or to all of them. Where it cannot hold the named number,
        # all carry (R26).
        self.carrying = (0, 1 if can_switch_phases else phases, phases, phases)
        # What a tenth of the unit is worth, by the number of phases its period names.
        self.amps = ("A", self.rate_per_da, self.rate_per_da, self.rate_per_da)
        self.watts = ("W", 6 // self.carrying[1], 6 // self.carrying[2], 6 // self.carrying[3])

        self.station_rate = None if station_da is None else station_da * self.rate_per_da
        self.connector_rate = connector_da * self.rate_per_da
        if connector_dw is not None:
            self.connector_rate = min(self.connector_rate, connector_dw * (6 // phases))
        # What one connector may draw where no profile speaks (R28.3, R28.4).
        self.own_rate = self.connector_rate
        if self.station_rate is not None:
            self.own_rate = min(self.own_rate, self.station_rate)

    def worth(self, unit: str) -> tuple:
        """("A" or "W", and what a tenth of it is worth for 1, 2 and 3 named phases)."""
        return self.amps if unit == "A" else self.watts
