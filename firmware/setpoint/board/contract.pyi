"""The board contract: what the station may ask of the hardware it runs on.

Every board is an object with these attributes and methods; `setpoint.board.this()` answers the one
of this machine. A board knows volts, contactors and files. It does not know OCPP, and it decides
nothing: what to offer a vehicle and when to close a contactor comes from above, within one control
step.

Units are in the names: _da tenths of an ampere per phase, _mv millivolts, _w watts, _wh watt-hours,
_u16 a duty cycle from 0 (steady -12 V) to 65535 (steady +12 V). Instants are as in units.py.

Rules for every board:
1. After a reset, however it came about, the contactor is open before the first line of Python runs.
2. make_safe() may be called at any time, from any state, more than once; also by a control step.
3. The methods marked "control step" allocate nothing, never raise, and take well under a
   millisecond, read_pilot excepted. They are called between any two bytecodes of all others.
4. A sensor that the board has not got answers None, always. What is asked for below is debounced by
whoever asks."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Coroutine, Protocol

from ..clock import Clock

class Outlet(Protocol):
    """One connector: its control pilot, contactor, cable and meter."""

    id: int  # 1, 2, ...
    has_lock: bool  # the connector can be locked to the vehicle's cable
    has_rcm_test: bool  # set_rcm_test makes the residual current monitor trip
    has_pilot_switch: bool  # set_pilot_open can disconnect the pilot from the vehicle
    ventilation: bool  # vehicles that ask for ventilation (state D) may charge here
    # Resolution of the PWM, 8 to 16; duties below steady +12 V are multiples of 1 << (16 -
    # pilot_bits)
    pilot_bits: int
    high_mv: int  # top of the control pilot's wave, as the last read_pilot saw it
    low_mv: int  # its bottom; equal to high_mv when the pilot is steady
    duty_u16: int  # as last set
    phases: int  # that the contactor switches, 1 to 3
    meter_estimated: bool  # nobody measures: what the meter says follows from what is offered

    def read_pilot(self) -> None:
        """Control step. Takes one burst of samples, at least five periods long, into high_mv and
        low_mv."""

    def pilot_ok(self) -> bool:
        """Control step. False: the PWM does not read back as it was set, the last read_pilot
        failed, or samples cannot be trusted on this board (a step between them that locks to the
        PWM)."""

    def set_duty_u16(self, duty_u16: int) -> None:
        """Control step. The pilot from its next period on; never a shortened pulse."""

    def set_pilot_open(self, open: bool) -> None:
        """Control step. Disconnects the pilot; only where there is a switch. Nothing that is read
        then counts."""

    def set_contactor(self, closed: bool) -> None:
        """Control step. Drives the contactor's coil."""

    def contactor_closed(self) -> bool | None:
        """Control step. What the contactor's feedback says (mirror contact, or mains sensed behind
        it: a steady answer, not that of one half-wave)."""

    def set_phases(self, phases: int) -> None:
        """Control step. 1 or 3; only with the contactor open."""

    def set_lock(self, locked: bool) -> None:
        """Control step. Begins to drive the lock, which takes its time elsewhere; only where there
        is one. The same value again drives it again if it is not there, at the board's own pace."""

    def lock_closed(self) -> bool | None:
        """Control step. What the lock's feedback says."""

    def rcm_tripped(self) -> bool | None:
        """Control step. The output of the residual current monitor. What an interrupt caught
        answers True once more, even if it was over before the interrupt's turn came. One answer
        counts: a level without an interrupt is read twice, a little apart."""

    def set_rcm_test(self, on: bool) -> None:
        """Control step. Drives the monitor's test input; only where there is one."""

    def earthed(self) -> bool | None:
        """Control step. Is protective earth there?"""

    def cable_ohm(self) -> int | None:
        """Control step. The resistor between PP and earth, of several readings; 1000000 and more:
        open. None: a fixed cable, whose rating is connector_amps."""

    def meter_da(self) -> int:
        """Control step. The current in the phase with the most, as last read."""

    def meter_wh(self) -> int | None:
        """The energy register. It never goes back while there is power; after a power cut it may
        begin at 0 again, as the station remembers where it stood. None: not read since."""

    def meter_currents_da(self) -> list[int]:
        """The currents in L1, L2 and L3."""

    def meter_voltages_dv(self) -> list[int | None]:
        """L1, L2 and L3 to neutral, in tenths of a volt; None where there is no such phase, or the
        meter was not read. Empty, always: this meter measures none."""

    def meter_w(self) -> int:
        """The power of all phases."""

class Mains(Protocol):
    """The meter at the grid connection, and what board.json says of the connection."""

    fuse_amps: float  # the house's main fuse, per phase
    safe_amps: float  # for all connectors together while the meter is silent
    surplus: bool  # the first value of the key SurplusCharging
    rise_after_s: int  # room for more current must have lasted so long
    lag: int  # by so many readings the meters of the outlets may be late
    @property
    def currents_da(self) -> Sequence[int | None]:
        """L1, L2 and L3; what is fed into the grid is negative. None: it tells nothing of this
        phase."""

    @property
    def problem(self) -> str | None:
        """Why the last try was no reading."""

    @property
    def readings(self) -> int:
        """How many there were; it grows with each that can be trusted."""

    on_reading: Any  # the application's function, called after each; None until then

class Stream(Protocol):
    """One connection. At most one task reads and one writes at a time."""

    async def read(self, count: int) -> bytes:
        """1 to count bytes as soon as there are any; b"" when the connection has ended. Raises
        OSError."""

    async def write(self, data: bytes) -> None:
        """Sends all of it. Raises OSError."""

    def close(self) -> None:
        """At once and without waiting. A read that is under way then answers b"" or raises
        OSError."""

class Network(Protocol):
    """The way to the central system. Time-outs are the caller's."""

    up: bool  # whether there is a network at all; the board calls app.on_network() after a change

    async def open(
        self, host: str, port: int, tls: Any = ..., server_hostname: str | None = ...
    ) -> Stream:
        """Connects; inside TLS when given a tls.SSLContext. Looking up a name stops nobody else.
        Raises OSError."""

    async def find(self, host: str) -> str:
        """Its IPv4 address, itself if it is one. Raises OSError."""

    def has_room_for_tls(self) -> bool:
        """Is there memory for one more connection inside TLS?"""

class Door(Protocol):
    """Where the station's own web page is asked for. None of its methods waits."""

    password: str  # the owner's
    open: bool  # whoever only looks needs no password
    listener: tuple | None  # listener.py's: all that must stay; None before `begin`

    def begin(self) -> None:
        """From now on others can connect. Raises OSError."""

    def url(self) -> str | None:
        """Where people find it; None before `begin`."""

    def names(self) -> Sequence[str]:
        """The names and addresses by which others reach this station, in small letters, without the
        port. A request that is meant for another one is not answered."""

    def waits(self) -> bool:
        """Does somebody wait to be accepted?"""

    def accept(self) -> Stream | None:
        """A connection that somebody began; None: nobody waits. Raises OSError."""

class SetUp(Protocol):
    """What set-up mode asks of the board, in the place of an agent. Whatever of it fails raises
    OSError with a sentence."""

    reason: str  # why set-up mode runs, as the end of a sentence
    access_point: str  # its name
    address: str  # the station's own in the access point, four numbers
    chip: str  # its family, as esptool names it
    network: Network  # the one that was joined last

    def feed_watchdog(self) -> None:
        """Within tens of seconds again: nothing is driven meanwhile."""

    def attach(self, mode: Any) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """The board's own tasks in this mode."""

    def prepare(self) -> None:
        """The radio is on; from now on `access_point` is its name, and os.urandom is strong."""

    def open_access_point(self, password: str) -> None:
        """Opens it behind WPA2, or not at all, with a listener for the page and a socket for
        names."""

    def name_socket(self) -> Any:
        """The UDP socket to which a phone sends its DNS questions; it does not block."""

    def close(self) -> None:
        """The access point closes; Ctrl-C on the serial line is an interrupt again. May be called
        more than once."""

    # As Door's
    def begin(self) -> None: ...
    def url(self) -> str | None: ...
    def names(self) -> Sequence[str]: ...
    def waits(self) -> bool: ...
    def accept(self) -> Stream | None: ...
    def joined_url(self) -> str | None:
        """The set-up page in the network that was joined."""

    def page_urls(self) -> list[str]:
        """Where people find the station's page after the restart, as far as that is known."""

    async def networks(self) -> list[tuple[str, int, bool]]:
        """Those in reach: (name, dBm, whether it wants a password), the strongest first."""

    async def join(
        self, wifi: dict, food: Callable[[], None], wait_s: int
    ) -> tuple[str | None, str]:
        """(None, "") once that network is joined; else why not in a sentence, and a word for it:
        "password", "absent", "silent", "radio" or "not_joined". wifi: as in /identity.json."""

    async def look_up(self, host: str) -> str:
        """The IPv4 address of a host, by the network that was joined."""

    def public_roots(self) -> Iterable[tuple[str, bytes]]:
        """Among which the authority behind a central system may be: (name, DER), the likeliest
        first."""

    def serial(self) -> Any:
        """The serial line: `await read(count)` and `write(data)`, in bytes. None: nobody can be at
        its other end."""

    def say(self, sentence: str) -> None:
        """Prints it on the serial line, and nowhere else."""

class App(Protocol):
    """What a board may report to the application, beside what the application asks for. All of it
    returns at once."""

    def log(self, level: str, area: str, sentence: str) -> None: ...
    def on_network(self) -> None: ...
    def on_card(self, id_tag: str, connectors: list[int] | None) -> None:
        """A card at the reader; connectors: where it may be used, None: anywhere."""

    def on_press(self, button: str) -> None:
        """A person pressed a button: "emergency_stop", or another one, by which they say that they
        have seen to what only a person may clear."""

    def on_dim(self, dims: bool) -> None:
        """The grid operator's contact, debounced: what it says at the start, and each change."""

    def on_fault(
        self, connector_id: int, code: str, vendor_code: str | None, info: str | None, active: bool
    ) -> None:
        """A hardware fault that the control step does not watch for comes or goes (meter, reader,
        mains voltage, radio); connector 0: the whole station. code: an errorCode of OCPP 1.6. info:
        at most 50 characters, with the number measured and what to do."""

    def on_security_event(self, kind: str, info: str | None) -> None:
        """kind: a security event of OCPP 1.6's security whitepaper, such as
        TamperDetectionActivated."""

    def set_clock(self, instant: int) -> None: ...
    def state(self) -> dict: ...
    async def data_transfer(
        self, vendor_id: str, message_id: str | None, data: str | None
    ) -> tuple[str | None, str | None]:
        """Returns when the central system has answered: (status, data)."""

class Board(Protocol):
    name: str
    root: str  # prefix of every path in flash: "" on a device
    # csms_url, charge_point_id, vendor, model, firmware, charge_box_serial, charge_point_serial,
    # basic_auth, tls
    identity: dict
    keys: dict[str, str]  # first values of configuration keys
    # Volts, phases, phase_switch, connector_amps, connector_watts or None, grid_amps or None
    supply: dict
    reconnect: dict  # minimum_s, random_s
    reset_cause: str  # "power", "watchdog", "software" (on purpose), "panic" or "unknown"
    clock: Clock  # set from the real-time clock if that was running

    @property
    def outlets(self) -> Sequence[Outlet]:
        """Connector 1 first."""

    @property
    def network(self) -> Network: ...
    @property
    def mains(self) -> Mains | None:
        """None: there is no meter at the grid connection."""

    page: dict | None  # the owner's choice of password, open and port; None: there is no page
    def door(self, listener: tuple | None) -> Door:
        """Where there is a page: a new object each time, so that nothing of it need stay."""

    # What all connectors together may draw while the grid operator's contact says dim; None: there
    # is no such contact
    dim_watts: int | None

    def running_slot(self) -> tuple[Any, str]:
        """(the application slot that runs, as esp32.Partition; which images it takes). Raises
        OSError where there is no other slot."""

    def set_up(self) -> SetUp | None:
        """None: the agent runs. Else this start is for set-up mode: there is no identity after a
        power-up, or the button was held for 10 s (for which this waits)."""

    def remount(self) -> None:
        """The file system under `root` is mounted anew; no file is open. Raises OSError."""

    # From one control step to the next: 20, or a little more where the bursts of several pilots
    # need it
    period_ms: int

    def run_steps(self, step: Callable[[Any], None]) -> None:
        """From now on step(anything) is called every period_ms, between two bytecodes of whatever
        runs. A stretch in C delays it; the calls that were missed then come together, or as one."""

    def make_safe(self) -> None:
        """The steps end; every contactor opens, then every pilot goes to steady +12 V."""

    def set_alive(self, high: bool) -> None:
        """Control step. The line that keeps the hardware guard from opening the contactors, where
        there is a guard. It changes with each healthy step."""

    def feed_watchdog(self) -> None:
        """Control step, a healthy one. The first call starts the watchdog; without food it resets
        the machine within seconds."""

    def reset(self) -> None:
        """Makes safe and restarts the machine; never returns."""

    has_thermometer: bool

    def temperature_c(self) -> int | None:
        """Control step. As last read; None: no sensor, or it is lost."""

    def flash_stats(self) -> dict | None:
        """{"writes", "erases", "bytes"} since power-up; None where nobody counts."""

    def attach(self, app: App) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """The board's own tasks, for the application to start: (name, coroutine)."""
