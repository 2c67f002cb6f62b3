"""SignedUpdateFirmware (OCPP 1.6 security whitepaper): an update of the firmware that is told in more
words, and installed only if the manufacturer signed it. Loaded while there is one (late.py).

Between Downloaded and installing the signature over the SHA-256 of the whole file is checked, with
the key of the certificate that the request brought and that a ManufacturerRootCertificate vouches
for (answers/signedupdatefirmware.py). The key stands in the document `firmware`: what became of the
roots since then does not matter."""

import binascii

from ..certificates import signatures
from ..messaging.security_events import happened
from . import long_work
from .update import DOCUMENT, Update, understood


class SignedUpdate(Update):
    """kept: that of an Update, and "request_id", "install_at" (an instant, 0: at once),
    "algorithm", "key" and "signature" in base64."""

    action = "SignedFirmwareStatusNotification"
    announced = ("Installing", "InstallRebooting")

    def due_ms(self) -> "int | None":
        facts = self._station.facts
        if self.kept["state"] == "Downloaded" and self._is_early():
            return None if facts.now is None else facts.ms_at(self.kept["install_at"])
        return Update.due_ms(self)

    def payload(self, status: str) -> dict:
        return {"status": status, "requestId": self.kept["request_id"]}

    def scheduled(self) -> None:
        """It was asked for just now."""
        now = self._station.facts.now
        if now is None or now < self.kept["at"]:
            self._report("DownloadScheduled")

    def ended(self, result: tuple) -> None:
        Update.ended(self, result)
        if result[1] == "paused":
            self._report("DownloadPaused")

    def _not_for_this_board(self) -> None:
        self._end("InstallVerificationFailed")

    def _downloaded(self, place: str, digest: bytes) -> None:
        self._report("Downloaded")
        self._fetching = True  # nothing else is to be fetched until it is over
        long_work.begin(self._station, self._verify(place, digest))

    def _verify(self, place: str, digest: bytes):
        """A generator."""
        try:
            algorithm = binascii.a2b_base64(self.kept["algorithm"])
            key = binascii.a2b_base64(self.kept["key"])
            signature = binascii.a2b_base64(self.kept["signature"])
            right = yield from signatures.is_signed_file(algorithm, key, digest, signature)
        except ValueError:
            right = False
        except MemoryError:
            right = None
        if self._station.download is not self:  # another one took its place
            return
        self._fetching = False
        if right is None:  # the next try, if there is one, begins with more memory
            self._at_ms = self._station.facts.up_ms + self.kept["every_s"] * 1000
        elif right:
            self._report("SignatureVerified")
            self._to_install(place)
        else:
            info = "the manufacturer did not sign the file"  # its URL may hold a password
            happened(self._station.facts, "InvalidFirmwareSignature", info)
            self._end("InvalidSignature")

    def _is_early(self) -> bool:
        now = self._station.facts.now
        at = self.kept["install_at"]
        return at != 0 and (now is None or now < at)

    def _install_if_idle(self) -> None:
        early = self._is_early()
        if (early or self._charges()) and self.status != "InstallScheduled":
            self._report("InstallScheduled")
        if not early:
            Update._install_if_idle(self)

    def _end(self, status: str) -> None:
        Update._end(self, status)
        if status == "Installed":
            happened(self._station.facts, "FirmwareUpdated", None)


def resume(station) -> None:
    """At power-up: goes on with the update that was not over, signed or not."""
    kept = station.documents.read(DOCUMENT, {}, understood)
    if kept:
        (SignedUpdate if "request_id" in kept else Update)(station, kept).resume()


def trigger(station) -> None:
    """What ExtendedTriggerMessage asks for."""
    if station.download is not None:
        station.download.trigger()
    else:
        station.calls.ask(SignedUpdate.action, {"status": "Idle"}, lambda payload, error: None)
