"""Kinds of work in whose midst power or flash fail, and what each must have come to afterwards.

`before` brings the station to where the work begins, `work` may be cut anywhere, `after` judges
what the next start finds.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from authority import Authority
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from littlefs import LittleFS
from littlefs.context import UserContext

from faults.bench import GONE, Bench, local_list, profile, wait_for
from faults.boards_played import GEOMETRY
from setpoint import dim_log
from setpoint.clock import system_instant

FAR_AWAY = "2037-01-01T00:00:00Z"
_AFTERWARDS_S = 0.5  # from the work to its last access of the chip


class Scene:
    charging = False  # does a vehicle charge while it happens?
    device: dict = {}  # of the start file, in addition
    most_da = 320  # what it may be offered meanwhile

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.answer: str | None = None  # the status that the central system got; None: nothing

    def ask(self, action: str, payload: dict) -> None:
        self.answer = None
        with contextlib.suppress(*GONE):
            self.answer = self.bench.central.call(action, payload, timeout=1.5)["status"]

    def install(self, number: int, amps: float, periods: int = 3) -> None:
        self.ask(
            "SetChargingProfile",
            {"connectorId": 1, "csChargingProfiles": profile(number, amps, periods)},
        )

    def before(self) -> None: ...

    def work(self) -> None: ...

    def after(self) -> None: ...


class NewProfile(Scene):
    most_da = 200
    lasts = True  # is the second profile there once the work is Accepted?

    def before(self) -> None:
        self.install(1, 20)

    def work(self) -> None:
        self.install(2, 10)

    def after(self) -> None:
        there = set(self.bench.profiles())
        assert 1 in there and (self.answer != "Accepted" or (2 in there) == self.lasts), (
            "profiles %s are left" % sorted(there)
        )
        self.bench.check_limit({100} if 2 in there else {200})


class Replacement(NewProfile):
    def work(self) -> None:
        self.install(1, 10, periods=24)

    def after(self) -> None:
        there = set(self.bench.profiles())
        assert there == {1}, "profiles %s are left" % sorted(there)
        self.bench.check_limit({100} if self.answer == "Accepted" else {100, 200})


class Clearing(NewProfile):
    lasts = False

    def before(self) -> None:
        super().before()
        self.install(2, 10)

    def work(self) -> None:
        self.ask("ClearChargingProfile", {"id": 2})


class Configuration(Scene):
    def write(self, value: str) -> None:
        self.ask("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": value})

    def before(self) -> None:
        self.write("1000")

    def work(self) -> None:
        self.write("2000")

    def after(self) -> None:
        value = self.bench.key("ConnectionTimeOut")
        assert value in (["2000"] if self.answer == "Accepted" else ["1000", "2000"]), (
            "ConnectionTimeOut is %s" % value
        )


class Dimmed(Scene):
    """The grid operator's contact: the limit holds, and what is in the log is whole."""

    device = {"dim": {"watts": 4200, "active": False}}

    def work(self) -> None:
        self.bench.station.cmd("dim", active=True)
        self.bench.station.cmd("state")

    def after(self) -> None:
        station = self.bench.station
        dimmed = station.state()["dimmed"]
        assert self.bench.limit_da() == (60 if dimmed else 320), "the limit is not the contact's"
        # What could not be written is tried again after a minute
        station.cmd("clock", advance_s=61)
        station.cmd("state")
        words = [line[20:].split(":")[0] for line in dim_lines(self.bench.folder)]
        assert words in ([" begin"],) if dimmed else words in ([], [" begin", " end"]), words


def dim_lines(folder: Path) -> list[str]:
    """The dim log in the flash of a station."""
    content = bytearray((folder / "flash" / "flash.img").read_bytes())
    fs = LittleFS(
        context=UserContext(buffer=content),
        mount=True,
        block_count=len(content) // 4096,
        **GEOMETRY,
    )
    with TemporaryDirectory() as copies:
        for name in fs.listdir("/dim") if "dim" in fs.listdir("/") else ():
            with fs.open("/dim/" + name, "rb") as file:
                Path(copies, name).write_bytes(file.read())
        return list(dim_log.lines(copies))


class Reserved(Scene):
    """ReserveNow for another card, in the place of what there is."""

    def before(self) -> None:
        self.reserve("OLD")

    def reserve(self, tag: str) -> None:
        request = {"connectorId": 1, "reservationId": 1, "idTag": tag, "expiryDate": FAR_AWAY}
        self.ask("ReserveNow", request)

    def work(self) -> None:
        self.reserve("NEW")

    def after(self) -> None:
        answers = []
        for tag in ("OLD", "NEW"):
            self.answer, kept = None, self.answer
            self.ask("RemoteStartTransaction", {"connectorId": 1, "idTag": tag})
            answers.append(self.answer)
            self.answer = kept
        wanted = [["Rejected", "Accepted"], ["Accepted", "Rejected"]]
        assert answers in (wanted[:1] if self.answer == "Accepted" else wanted), (
            "remote starts with the old and the new card are %s" % answers
        )


class ReservationCancelled(Reserved):
    def work(self) -> None:
        self.ask("CancelReservation", {"reservationId": 1})

    def after(self) -> None:
        status = self.bench.station.connector()["status"]
        wanted = ("Available",) if self.answer == "Accepted" else ("Available", "Reserved")
        assert status in wanted, "the connector is %s" % status


class TransactionStart(Scene):
    charging = True
    least = 0  # transactions that the central system must have heard of

    def before(self) -> None:
        self.bench.station.wait_until(lambda state: state["connectors"][0]["status"] == "Preparing")

    def begin(self, timeout: float) -> None:
        self.bench.station.cmd("swipe", tag="CARD")
        self.bench.wait_transaction(timeout)

    def work(self) -> None:
        self.begin(3)
        self.bench.station.cmd("state")

    def after(self) -> None:
        self.bench.end_sessions()
        self.bench.check_transactions(self.least, most=1)


class ReservationUsed(TransactionStart):
    """The reserved card begins its transaction."""

    charging = False  # nobody may stand there when it is reserved

    def before(self) -> None:
        request = {"connectorId": 1, "reservationId": 1, "idTag": "CARD", "expiryDate": FAR_AWAY}
        self.ask("ReserveNow", request)
        self.bench.station.cmd("plug_in", connector=1, amps=32, phases=3)
        self.bench.plugged(32)

    def after(self) -> None:
        self.bench.end_sessions()
        self.bench.check_transactions(most=1)
        named = [
            start.payload.get("reservationId")
            for start in self.bench.central.seen("StartTransaction")
        ]
        status = self.bench.station.connector()["status"]
        wanted = "Available" if named else "Reserved"
        assert set(named) <= {1} and status == wanted, (
            "the starts name %s, and the connector is %s" % (named, status)
        )


class Charging(TransactionStart):
    """A charge that has begun is reported whole, whatever happens later."""

    least = 1

    def before(self) -> None:
        super().before()
        self.begin(10)

    def work(self) -> None:
        samples = len(self.bench.central.seen("MeterValues"))
        self.bench.central._wait(
            lambda: len(self.bench.central.seen("MeterValues")) > samples + 1, 5, "no MeterValues"
        )


class TransactionStop(Charging):
    def work(self) -> None:
        self.bench.station.cmd("swipe", tag="CARD")
        self.bench.central.wait_for("StopTransaction")
        self.bench.station.cmd("state")


class Offline(Charging):
    """The journal grows while there is no link."""

    def work(self) -> None:
        self.bench.station.cmd("link", up=False)
        self.bench.station.cmd("clock", advance_s=30)
        self.bench.station.cmd("swipe", tag="CARD")
        self.bench.wait_ended(3)
        self.bench.station.cmd("state")

    def after(self) -> None:
        self.bench.station.cmd("link", up=True)
        super().after()


class Replay(Offline):
    """The journal is told once the link is back."""

    def before(self) -> None:
        super().before()
        Offline.work(self)

    def work(self) -> None:
        self.bench.station.cmd("link", up=True)
        self.bench.central.wait_for("StopTransaction")
        self.bench.station.cmd("state")


CENTRAL = "CentralSystemRootCertificate"


@functools.lru_cache(None)
def root(name: str) -> x509.Certificate:
    """With RSA, whose signature is checked soonest."""
    key = rsa.generate_private_key(65537, 2048)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder(named, named, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=9))
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )


class NewRoot(Scene):
    """A root certificate more; the one that is there stays."""

    def before(self) -> None:
        self.install_root("A")
        wait_for(lambda: "A" in self.roots(), 30, "no root was installed")

    def install_root(self, name: str) -> None:
        text = root(name).public_bytes(serialization.Encoding.PEM).decode()
        self.ask("InstallCertificate", {"certificateType": CENTRAL, "certificate": text})

    def roots(self) -> dict[str, dict]:
        """What the station names, by the name of the root."""
        request = {"certificateType": CENTRAL}
        answer = self.bench.central.call("GetInstalledCertificateIds", request)
        named = {"%x" % root(name).serial_number: name for name in "AB"}
        return {
            named[found["serialNumber"]]: found for found in answer.get("certificateHashData", [])
        }

    def work(self) -> None:
        self.install_root("B")

    def after(self) -> None:
        there = set(self.roots())
        assert "A" in there and (self.answer != "Accepted" or "B" in there), (
            "roots %s are left" % sorted(there)
        )


class DeletedRoot(NewRoot):
    def before(self) -> None:
        self.install_root("A")
        self.install_root("B")
        wait_for(lambda: set(self.roots()) == {"A", "B"}, 30, "no roots were installed")
        self.named = self.roots()["B"]

    def work(self) -> None:
        self.ask("DeleteCertificate", {"certificateHashData": self.named})

    def after(self) -> None:
        there = set(self.roots())
        assert "A" in there and (self.answer != "Accepted" or "B" not in there), (
            "roots %s are left" % sorted(there)
        )


class NewKeyPair(Scene):
    """The station makes a key pair and asks for its certificate."""

    def request(self, timeout: float) -> str:
        since = len(self.bench.central.messages)
        wanted = {"requestedMessage": "SignChargePointCertificate"}
        self.bench.central.call("ExtendedTriggerMessage", wanted)
        found = self.bench.central.wait_for("SignCertificate", since=since, timeout=timeout)
        return found.payload["csr"]

    def signed(self, timeout: float) -> str:
        return Authority("Signer", system_instant()).sign(self.request(timeout))

    def work(self) -> None:
        station, central = self.bench.station, self.bench.central
        seen, since = len(station.log), len(central.messages)
        wanted = {"requestedMessage": "SignChargePointCertificate"}
        with contextlib.suppress(*GONE):
            central.call("ExtendedTriggerMessage", wanted, timeout=5)
        wait_for(
            lambda: (
                central.seen("SignCertificate", since=since)
                or [line for line in station.log[seen:] if "cannot be written" in line]
                or station.exit_code is not None
            ),
            60,
            "no key pair, and no reason why",
        )

    def after(self) -> None:
        chain = {"certificateChain": self.signed(30)}
        answer = self.bench.central.call("CertificateSigned", chain, timeout=30)
        assert answer["status"] == "Accepted", "no certificate can be had any more"


class OwnCertificate(NewKeyPair):
    """The certificate comes; until it is taken the key pair waits for it."""

    def before(self) -> None:
        self.chain = {"certificateChain": self.signed(30)}

    def work(self) -> None:
        self.ask("CertificateSigned", self.chain)

    def after(self) -> None:
        again = self.bench.central.call("CertificateSigned", self.chain, timeout=30)["status"]
        if self.answer is not None:
            assert again != self.answer, "it was %s, and again" % again


class LocalList(Scene):
    """A card is added, and another one removed."""

    charging = True

    def before(self) -> None:
        self.ask("SendLocalList", local_list(1, range(30)))

    def work(self) -> None:
        self.ask("SendLocalList", local_list(2, [30], "LISTED7"))

    def after(self) -> None:
        version = self.bench.list_version()
        assert version in ({2} if self.answer == "Accepted" else {1, 2}), (
            "the local list has version %d" % version
        )
        station = self.bench.station
        station.cmd("link", up=False)
        station.wait_until(lambda state: not state["connected"])
        for tag in ("LISTED7", "LISTED30") if version == 2 else ("LISTED30", "LISTED7"):
            station.cmd("swipe", tag=tag)
        station.wait_until(lambda state: state["connectors"][0]["transaction"])
        begun = station.connector()["transaction"]["id_tag"]
        assert begun == tag, "%s charges by version %d of the list" % (begun, version)
        station.cmd("link", up=True)
        self.bench.end_sessions()


SCENES: dict[str, Callable[[Bench], Scene]] = {
    "a new profile": NewProfile,
    "a profile that replaces another": Replacement,
    "a profile that is cleared": Clearing,
    "a configuration key": Configuration,
    "a dim input": Dimmed,
    "a local list": LocalList,
    "a reservation that replaces another": Reserved,
    "a reservation that is cancelled": ReservationCancelled,
    "a reservation that is used": ReservationUsed,
    "a transaction's start": TransactionStart,
    "a transaction's samples": Charging,
    "a transaction's stop": TransactionStop,
    "a new root certificate": NewRoot,
    "a root certificate that is deleted": DeletedRoot,
    "a key pair of the station's own": NewKeyPair,
    "a certificate of the station's own": OwnCertificate,
    "an offline journal that grows": Offline,
    "an offline journal that is told": Replay,
}


@contextlib.contextmanager
def ready(folder: Path, interpreter: list[str], name: str) -> Iterator[Scene]:
    """A scene whose work can begin."""
    with contextlib.closing(Bench(folder, interpreter)) as bench:
        scene = SCENES[name](bench)
        bench.station.start_fields["device"].update(scene.device)
        bench.plugged(32 if scene.charging else None)
        bench.start()
        scene.before()
        yield scene


def accesses(folder: Path, interpreter: list[str], name: str, kind: str) -> int:
    """How often the scene's work "reads" or "writes" the flash chip when nothing is in its way."""
    with ready(folder, interpreter, name) as scene:
        before = scene.bench.station.state()["flash"][kind]
        scene.work()
        time.sleep(_AFTERWARDS_S)  # some of it follows the central system's answer
        return scene.bench.station.state()["flash"][kind] - before
