"""The board contract: what the station may ask of the hardware it runs on.

Every board is an object with these attributes and methods; `setpoint.board.this()` answers the one of this machine.
A board knows volts, contactors and files. It does not know OCPP, and it decides nothing: what to offer a vehicle
and when to close a contactor comes from above, within one control step.

Units are in the names: _da tenths of an ampere per phase, _mv millivolts, _w watts, _wh watt-hours, _u16 a duty cycle
from 0 (steady -12 V) to 65535 (steady +12 V). Instants are as in units.py.

Rules for every board:
1. After a reset, however it came about, the contactor is open before the first line of Python runs.
2. make_safe() may be called at any time, from any state, more than once.
3. The methods marked "control step" allocate nothing and take well under a millisecond, read_pilot excepted.
"""

from collections.abc import Sequence
from typing import Any, Coroutine, Protocol

from ..clock import Clock

class Outlet(Protocol):
    """One connector: its control pilot, contactor, cable and meter."""

    id: int  # 1, 2, ...
    has_lock: bool  # the connector can be locked to the vehicle's cable
    high_mv: int  # top of the control pilot's wave, as the last read_pilot saw it
    low_mv: int  # its bottom; equal to high_mv when the pilot is steady
    duty_u16: int  # as last set
    phases: int  # that the contactor switches, 1 to 3

    def read_pilot(self) -> None:
        """Control step. Takes one burst of samples, at least five periods long, into high_mv and low_mv."""

    def set_duty_u16(self, duty_u16: int) -> None:
        """Control step. The pilot from its next period on; never a shortened pulse."""

    def set_contactor(self, closed: bool) -> None:
        """Control step. Drives the contactor's coil."""

    def contactor_closed(self) -> bool | None:
        """Control step. What the contactor's feedback says; None where there is none."""

    def set_phases(self, phases: int) -> None:
        """Control step. 1 or 3; only with the contactor open."""

    def cable_da(self) -> int | None:
        """What the cable's coding resistor allows; None: no cable, or a fixed one."""

    def meter_wh(self) -> int:
        """The energy register. It never goes back, not even by a power cut."""

    def meter_da(self) -> int:
        """The current in the phase with the most."""

    def meter_w(self) -> int:
        """The power of all phases."""

class Stream(Protocol):
    """One connection. At most one task reads and one writes at a time."""

    async def read(self, count: int) -> bytes:
        """1 to count bytes as soon as there are any; b"" when the connection has ended. Raises OSError."""

    async def write(self, data: bytes) -> None:
        """Sends all of it. Raises OSError."""

    def close(self) -> None:
        """At once and without waiting. A read that is under way then answers b"" or raises OSError."""

class Network(Protocol):
    """The way to the central system. Time-outs are the caller's."""

    up: bool  # whether there is a network at all; the board calls app.on_network() after a change

    async def open(self, host: str, port: int, tls: Any = ..., server_hostname: str | None = ...) -> Stream:
        """Connects; inside TLS when given a tls.SSLContext. Looking up a name may block. Raises OSError."""

class App(Protocol):
    """What a board may tell the application, beside what the application asks for. All of it returns at once."""

    def log(self, level: str, area: str, sentence: str) -> None: ...
    def on_network(self) -> None: ...
    def on_card(self, id_tag: str, connectors: list[int] | None) -> None:
        """A card at the reader; connectors: where it may be used, None: anywhere."""

    def on_fault(self, connector_id: int, code: str, vendor_code: str | None, info: str | None, active: bool) -> None:
        """A hardware fault comes or goes; connector 0: the whole station. code: an errorCode of OCPP 1.6."""

    def set_clock(self, instant: int) -> None: ...
    def state(self) -> dict: ...
    async def data_transfer(self, vendor_id: str, message_id: str | None, data: str | None) -> tuple[str | None, str | None]:
        """Returns when the central system has answered: (status, data)."""

class Board(Protocol):
    name: str
    root: str  # prefix of every path in flash: "" on a device
    identity: dict  # csms_url, charge_point_id, vendor, model, firmware, charge_box_serial, charge_point_serial, basic_auth, tls
    keys: dict[str, str]  # first values of configuration keys
    supply: dict  # volts, phases, phase_switch, connector_amps, connector_watts or None, grid_amps or None
    reconnect: dict  # minimum_s, random_s
    clock: Clock  # set from the real-time clock if that was running

    @property
    def outlets(self) -> Sequence[Outlet]:
        """Connector 1 first."""

    @property
    def network(self) -> Network: ...
    def make_safe(self) -> None:
        """Opens every contactor, then sets every pilot to steady +12 V."""

    def feed_watchdog(self) -> None:
        """Control step. The first call starts the watchdog; without food it resets the machine within seconds."""

    def reset(self) -> None:
        """Makes safe and restarts the machine; never returns."""

    def temperature_c(self) -> int | None:
        """None: no sensor, or it is lost."""

    def flash_stats(self) -> dict | None:
        """{"writes", "erases", "bytes"} since power-up; None where nobody counts."""

    def attach(self, app: App) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """The board's own tasks, for the application to start: (name, coroutine)."""
