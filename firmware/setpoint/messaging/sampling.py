"""What stands in a MeterValues (OCPP 1.6, 7.43), and the short form in which it waits until it is
sent.

The short form of one moment is a text such as "E123456 P11040 a160 b160 c160 O160": a letter, and a
whole number in the unit below. It is a tenth as long as the JSON.

    E energy register, Wh    P power, W       Q power offered, W     O current offered, 0.1 A
    a b c current of L1 to L3, 0.1 A    u v w voltage of L1 to L3, 0.1 V    T temperature, Celsius
    e energy register that nobody measures, Wh

Where there is no meter, energy is what was offered. OCPP 1.6 has no word for an estimated value. Such
a register has the context Other, except in a StopTransaction's data, where the contexts distinguish
begin and end; power and current are not sent, only what is offered."""

from micropython import const

from ..units import tenths_text

_CONTEXTS = const(
    ("Sample.Periodic", "Sample.Clock", "Trigger", "Transaction.Begin", "Transaction.End")
)
PERIODIC = const(0)  # places in it
CLOCK = const(1)
TRIGGER = const(2)
BEGIN = const(3)
END = const(4)


class Reading:
    """What the meter, the pilot and the board say of one connector. Energy in Wh, power in W,
    currents in deci-ampere, voltages in deci-volt. `phases`: in use. `estimated`: nobody measures,
    all of it follows from what is offered."""

    def __init__(
        self,
        wh: "int | None",
        watts: int,
        currents_da: "list[int]",
        phases: int,
        offered_da: int,
        voltages_dv=(),
        celsius=None,
    ) -> None:
        self.wh = wh  # None: the meter was not read since power-up
        self.watts = watts
        self.currents_da = currents_da  # of L1, L2, L3
        self.phases = phases
        self.offered_da = offered_da
        # Of L1, L2, L3 to neutral; None where there is none now. Empty: this board measures none
        self.voltages_dv = voltages_dv
        self.celsius = celsius  # None: not known now
        self.has_thermometer = celsius is not None
        self.estimated = False

    def measures(self, name: str) -> bool:
        """Can this board measure this at all, now or later?"""
        if name.startswith("Voltage"):
            return len(self.voltages_dv) > 0
        if name == "Temperature":
            return self.has_thermometer
        return not self.estimated or not (
            name.startswith("Power.Active") or name.startswith("Current.Import")
        )


def short_form(measurands: "list[str]", reading: Reading, volts: int) -> str:
    """The values of these measurands; those that the board does not measure are left out. Voltage is of
    all phases, Voltage.L1 and Voltage.L1-N of one."""
    values = []
    for name in measurands:
        if name == "Energy.Active.Import.Register":
            values.append("%s%d" % ("e" if reading.estimated else "E", reading.wh))
        elif name == "Power.Active.Import":
            if not reading.estimated:
                values.append("P%d" % reading.watts)
        elif name == "Power.Offered":
            values.append("Q%d" % (reading.offered_da * volts * reading.phases // 10))
        elif name == "Current.Offered":
            values.append("O%d" % reading.offered_da)
        elif name == "Temperature":
            if reading.celsius is not None:
                values.append("T%d" % reading.celsius)
        elif name.startswith("Current.Import"):
            for phase in range(0 if reading.estimated else reading.phases):
                if _names(name, phase):
                    values.append("%s%d" % ("abc"[phase], reading.currents_da[phase]))
        else:
            for phase, voltage in enumerate(reading.voltages_dv):
                if voltage is not None and _names(name, phase):
                    values.append("%s%d" % ("uvw"[phase], voltage))
    return " ".join(values)


def _names(measurand: str, phase: int) -> bool:
    """Does it mean this phase, counted from 0, too?"""
    return ".L" not in measurand or ".L%d" % (phase + 1) in measurand


def sampled_values(values: str, context: int) -> "list[dict]":
    """The sampledValues that a short form stands for."""
    found = []
    for value in values.split(" "):
        number = int(value[1:])
        phase = None
        kind = value[0]
        if kind in "Ee":
            name, unit = "Energy.Active.Import.Register", "Wh"
        elif kind == "P":
            name, unit = "Power.Active.Import", "W"
        elif kind == "Q":
            name, unit = "Power.Offered", "W"
        elif kind == "O":
            name, unit = "Current.Offered", "A"
        elif kind == "T":
            name, unit = "Temperature", "Celsius"
        elif kind in "abc":
            name, unit, phase = "Current.Import", "A", "L%d" % ("abc".index(kind) + 1)
        else:
            name, unit, phase = "Voltage", "V", "L%d-N" % ("uvw".index(kind) + 1)
        sampled = {
            "value": tenths_text(number) if unit in ("A", "V") else str(number),
            "context": "Other" if kind == "e" and context < BEGIN else _CONTEXTS[context],
            "format": "Raw",
            "measurand": name,
            "location": "Body" if kind == "T" else "Outlet",
            "unit": unit,
        }
        if phase is not None:
            sampled["phase"] = phase
        found.append(sampled)
    return found
