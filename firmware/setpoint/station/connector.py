"""What one connector is doing, and the OCPP status that follows from it (OCPP 1.6, 4.9 and 7.7).

The status is never set by an event: it is worked out from what is true now, first case that fits.
"""

from micropython import const

from ..units import MINIMUM_DA

# Error codes, and vendor codes of Setpoint, that do not keep a connector from charging. Connector 0
# reports them: some central systems stop a connector that shows an errorCode.
_WARNINGS = const(
    (
        "WeakSignal",
        "ReaderFailure",
        "LocalListConflict",
        "ResetFailure",
        "derated",
        "thermometer",
        "mains_meter",
    )
)

# Pilot/sequence.py: F lasts so much longer
RECOVERS = const("The fault is over: current again within 30 s")
# Evse.py
RESTS = const("The contactor rests before it closes again")


class Fault:
    """code: one of OCPP 1.6, 7.6 ChargePointErrorCode; vendor_code, info: ours, with the number
    measured."""

    def __init__(self, code: str, vendor_code: "str | None", info: "str | None") -> None:
        self.code = code
        self.vendor_code = vendor_code
        self.info = info

    def blocks(self) -> bool:
        return self.code not in _WARNINGS and self.vendor_code not in _WARNINGS

    def words(self) -> str:
        """The fault's name, the number measured, and what to do."""
        name = self.vendor_code or self.code
        return name + ": " + self.info if self.info else name


class Connector:
    """Connector 0 stands for the charge point as a whole: it has faults and a status, nothing
    else."""

    reserved = False  # it is kept for a card that was not shown yet (sessions/reservations.py)

    def __init__(self, connector_id: int, charge_point: "ChargePoint | None" = None) -> None:
        self.id = connector_id
        self._charge_point = charge_point
        # State of the pilot's machine (pilot/sequence.py): A, B1, B2, C1, C1P, C2, C2S, F
        self.pilot = "A"
        self.vehicle = "A"  # what the vehicle shows: A, B, C, D, E, F
        # Its pilot went to +12 V in a transaction: the station pauses the charge
        self.withheld = False
        # What holds back current that limit and permission allow: RECOVERS, until its pilot offers
        # something after a fault; RESTS; None
        self.waits = None
        self.limit_da = 0  # what it may draw
        self.transaction = None
        self.vend = False  # its plug may still begin a transaction without a card (FreeVendActive)
        self.authorised = False  # a card or a remote start waits for this connector's plug
        self.faults = []
        self.ended_here = None  # the idTag of the last transaction, while its cable is still in
        self.operative = True  # as ChangeAvailability left it
        self.spent = False  # its transaction has used up MaxEnergyOnInvalidId
        self.has_lock = False
        # A cable sits in the socket, with or without a vehicle; False where that cannot be seen
        self.cable_in = False
        self.locked_for = None  # the ended transaction whose owner alone may unlock the cable
        # (order of its StopTransaction, reading so far) while current may still flow
        self.stopped = None
        self.look_ms = None  # when to take the last reading, or to check `spent`
        self.sample_at_ms = None  # when the next MeterValues of its transaction is due
        self._reported = None  # (status, error, vendor code, info) as last sent
        self._seen = None  # the one that holds now, and since when
        self._seen_at_ms = 0

    def live(self) -> bool:
        """Is its contactor closed?"""
        return self.pilot in ("C2", "C2S")

    def plugged(self) -> bool:
        return self.vehicle != "A"

    def on_pilot(self, pilot: str, vehicle: str, rests: bool = False) -> None:
        self.pilot = pilot
        self.vehicle = vehicle
        self.withheld = self.transaction is not None and pilot in ("B1", "C1")
        if pilot == "F" or (self.waits == RECOVERS and self.withheld):
            self.waits = RECOVERS
        else:
            self.waits = RESTS if rests else None
        if not self.plugged() and not self.cable_in:
            self.ended_here = None

    def on_cable(self, present: bool) -> None:
        """A cable sits in the socket, or does not (with or without a vehicle at its other end)."""
        self.cable_in = present and self.has_lock
        if not self.cable_in:
            self.locked_for = None
            if not self.plugged():
                self.ended_here = None

    def asks(self) -> bool:
        """Does the vehicle ask for current? One that needs ventilation (D) gets none: no board
        ventilates."""
        return self.vehicle == "C"

    def on_fault(
        self, code: str, vendor_code: "str | None", info: "str | None", active: bool
    ) -> None:
        """A fault comes or goes; code and vendor_code together name it."""
        self.faults = [f for f in self.faults if (f.code, f.vendor_code) != (code, vendor_code)]
        if active:
            self.faults.append(Fault(code, vendor_code, info))

    def all_faults(self) -> list:
        """Its own, and those of the charge point as a whole."""
        shared = self._charge_point
        return self.faults if shared is None or not shared.faults else self.faults + shared.faults

    def faulted(self) -> bool:
        return Connector.fault(self) is not None

    def free(self) -> bool:
        """Could a transaction begin here?"""
        return self.transaction is None and self.in_service() and not self.faulted()

    def in_service(self) -> bool:
        """Is it operative, and no new firmware about to be installed?"""
        shared = self._charge_point
        return self.operative and not (shared is not None and shared.updating)

    def permitted(self) -> bool:
        """Does OCPP allow energy here at all?"""
        return self.transaction is not None and not self.spent and not self.faulted()

    def lock_wanted(self) -> bool:
        """Is the cable to be locked in? Never opened under load."""
        return self.transaction is not None or self.locked_for is not None or self.live()

    def status(self) -> str:
        # 1. a fault that blocks charging
        if self.faulted():
            return "Faulted"
        if self.transaction is not None:
            # 2. the vehicle's side is gone or not asking (transaction kept:
            #    StopTransactionOnEVSideDisconnect)
            if not self.plugged():
                return "SuspendedEV"
            # 3. this side gives nothing: less than the pilot can offer, or ventilation that there
            #    is not
            if (
                self.limit_da < MINIMUM_DA
                or self.withheld
                or self.pilot in ("C2S", "F")
                or self.vehicle == "D"
                or self.spent
            ):
                return "SuspendedEVSE"
            # 4. energy flows
            if self.pilot == "C2":
                return "Charging"
            # 5. offered, not taken
            return "SuspendedEV"
        if not self.in_service():
            return "Unavailable"
        if self.reserved and not self.authorised:
            return "Reserved"
        if self.ended_here and not self.authorised:
            return "Finishing"
        if self.plugged() or self.authorised:
            return "Preparing"
        return "Available"

    def fault(self) -> "Fault | None":
        """The newest of those that keep it from charging."""
        found = None
        for fault in self.all_faults():
            if fault.blocks():
                found = fault
        return found

    def _now_true(self) -> tuple:
        fault = self.fault()
        if fault is None:
            status = self.status()
            waits = status == "SuspendedEVSE" and self.limit_da >= MINIMUM_DA and not self.spent
            return (status, "NoError", None, self.waits if waits else None)
        return (self.status(), fault.code, fault.vendor_code, fault.info)

    def to_report(self, up_ms: int, minimum_s: int) -> "tuple | None":
        """(status, error code, vendor code, info) to send now, or None. A status that lasts less
        than MinimumStatusDuration is not sent; one with an error always is."""
        true = self._now_true()
        if true != self._seen:
            self._seen = true
            self._seen_at_ms = up_ms
        if true == self._reported:
            return None
        if (
            minimum_s
            and true[1] == "NoError"
            and self._reported is not None
            and up_ms - self._seen_at_ms < minimum_s * 1000
        ):
            return None
        self._reported = true
        return true

    def report_due_at_ms(self, minimum_s: int) -> "int | None":
        """When a status that waits for MinimumStatusDuration will be due."""
        if minimum_s == 0 or self._seen is None or self._seen == self._reported:
            return None
        return self._seen_at_ms + minimum_s * 1000

    def report_again(self) -> None:
        """The status is sent at the next occasion, changed or not."""
        self._reported = None

    def reported(self) -> tuple:
        """What holds now, for TriggerMessage and for people."""
        return self._now_true()


class ChargePoint(Connector):
    """Connector 0: Available, Unavailable or Faulted (OCPP 1.6, 4.9). It reports what keeps nobody
    from charging, too."""

    def __init__(self) -> None:
        Connector.__init__(self, 0)
        self.connectors = []  # the others
        self.updating = False  # new firmware is there: no transaction begins any more

    def fault(self) -> "Fault | None":
        blocking = Connector.fault(self)
        if blocking is not None:
            return blocking
        for connector in self.connectors:
            for fault in connector.faults:
                if not fault.blocks():
                    info = "connector %d" % connector.id
                    return Fault(
                        fault.code,
                        fault.vendor_code,
                        info + ": " + fault.info if fault.info else info,
                    )
        return self.faults[-1] if self.faults else None

    def status(self) -> str:
        if self.faulted():
            return "Faulted"
        return "Available" if self.operative else "Unavailable"


def all_connectors(ids: "list[int]", locks: "list[int]") -> "tuple[ChargePoint, list[Connector]]":
    """Connector 0, and the others. locks: ids of those that have a lock."""
    charge_point = ChargePoint()
    connectors = [Connector(connector_id, charge_point) for connector_id in ids]
    charge_point.connectors = connectors
    for connector in connectors:
        connector.has_lock = connector.id in locks
    return charge_point, connectors
