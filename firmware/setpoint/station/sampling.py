"""What stands in a MeterValues (OCPP 1.6, 7.43): sampled values as text, written by integer arithmetic."""

from ..units import tenths_text


class Reading:
    """What the meter and the pilot of one connector say. Energy in Wh, power in W, currents in deci-ampere per phase."""

    def __init__(self, wh: int, watts: int, da: int, phases: int, offered_da: int) -> None:
        self.wh = wh
        self.watts = watts
        self.da = da
        self.phases = phases
        self.offered_da = offered_da


def _sampled(measurand: str, value: str, unit: str, context: str, phase: "str | None" = None) -> dict:
    sampled = {"value": value, "context": context, "measurand": measurand, "location": "Outlet", "unit": unit}
    if phase is not None:
        sampled["phase"] = phase
    return sampled


def sampled_values(measurands: "list[str]", reading: Reading, volts: int, context: str) -> "list[dict]":
    """One sampledValue for each measurand, Current.Import one for each phase."""
    values = []
    for name in measurands:
        if name == "Energy.Active.Import.Register":
            values.append(_sampled(name, str(reading.wh), "Wh", context))
        elif name == "Power.Active.Import":
            values.append(_sampled(name, str(reading.watts), "W", context))
        elif name == "Power.Offered":
            watts = reading.offered_da * volts * reading.phases // 10
            values.append(_sampled(name, str(watts), "W", context))
        elif name == "Current.Offered":
            values.append(_sampled(name, tenths_text(reading.offered_da), "A", context))
        elif name == "Current.Import":
            for phase in range(1, reading.phases + 1):
                values.append(_sampled(name, tenths_text(reading.da), "A", context, "L%d" % phase))
    return values
