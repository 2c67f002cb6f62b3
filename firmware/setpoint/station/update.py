"""An update of the firmware, from UpdateFirmware until the central system knows how it ended (OCPP
1.6, 5.19 and 4.5). Loaded while there is one (late.py).

Its state lies in flash, as the document `firmware`, and outlives each restart:

    Waits        for retrieveDate, for the next try, or for the end of a charge; also while it is
                 fetched: what was fetched before a restart is fetched anew
    Downloaded   the new firmware is there and right; it waits for the end of all transactions
    Restarting   the next start is the new firmware's
    Ended        with `status`, which the central system does not know yet
    Sending      it may know

Rules:
1. Flash is erased only while no contactor is closed: an erasure holds up the control step.
2. From Downloaded on no transaction begins, and free connectors are Unavailable (5.19). It restarts
   when no transaction runs, every contactor is open, and the central system knows how they ended,
   or had 30 s for it.
3. Installed is reported once the new firmware has an answer to BootNotification. If it gets none for 15
   minutes, or in four starts, the firmware before it takes its place again. Where there is no central
   system, a minute is enough.
4. Installed, InstallationFailed or DownloadFailed is reported once, whatever happens. If the power
   fails between this message and its answer, it may not arrive; it is never sent twice.
5. A newer request takes the place of one that has not restarted yet, which reports nothing more. A
   request for the file that is on its way changes nothing, but for the time at which it is fetched,
   as long as that has not begun."""

from micropython import const

from ..messaging.calls import SET_ASIDE

DOCUMENT = "firmware"
_RETRIES = const(2)  # where the request leaves that to the station
_INTERVAL_S = const(60)
_MOST_RETRIES = const(100)
_LONGEST_INTERVAL_S = const(86400)
_PATIENCE_MS = const(30000)
_TRIAL_MS = const(900000)
_TRIAL_STARTS = const(4)
_ALONE_MS = const(60000)


class Update:
    """A part of the station until it is over. kept: the document, or what it is to be."""

    action = "FirmwareStatusNotification"
    announced = ("Installing",)  # before the restart

    def __init__(self, station, kept: dict) -> None:
        self.kept = kept
        self.status = None  # that holds, for TriggerMessage
        self._station = station
        self._reports = []
        self._sending = False
        self._fetching = False
        self._fetched = {}  # what outlives a try: transfers.py
        self._at_ms = 0  # of the next try, or when its patience ends
        self._installing = False
        self._on_trial = False  # the new firmware runs, and has not connected yet
        self._confirmed = False  # the boot loader will keep it
        self._trial_ends_ms = None
        station.download = self
        station.join(self)

    # -- a part of the station

    def due_ms(self) -> "int | None":
        facts = self._station.facts
        state = self.kept["state"]
        if state == "Ended" and self._may_send() and self._station.calls.idle():
            return facts.up_ms
        if state == "Waits" and not self._fetching and self._ready():
            return max(self._at_ms, facts.ms_at(self.kept["at"]))
        if state == "Downloaded" and self._installing:
            return self._at_ms
        if state == "Restarting":
            return self._trial_ends_ms
        return None

    def settle(self) -> None:
        state = self.kept["state"]
        if state == "Waits":
            self._fetch_if_due()
        elif state == "Downloaded":
            self._install_if_idle()
        elif state == "Restarting" and self._on_trial:
            self._try_it()
        self._send_next()

    # -- fetching

    def _ready(self) -> bool:
        """Can it be fetched, and may flash be erased?"""
        facts = self._station.facts
        return (
            facts.online()
            and facts.now is not None
            and not any([c.live() for c in facts.connectors])
        )

    def waits_for_another_time(self, at: int) -> bool:
        """Has nothing been fetched yet, and was it asked for at another instant?"""
        begun = self._fetching or self._fetched or self.kept["state"] != "Waits"
        return not begun and self.kept["at"] != at

    def _fetch_if_due(self) -> None:
        facts = self._station.facts
        due_ms = self.due_ms()
        if due_ms is None or facts.up_ms < due_ms:
            return
        if not self.kept["tries"]:  # a restart came into the last one
            self._end("DownloadFailed")
            return
        self.kept["tries"] -= 1
        self._keep()
        self._fetching = True
        if self.status != "Downloading":
            self._report("Downloading")
        facts.effects.append(("transfer", "download", (self.kept["url"], self._fetched)))

    def ended(self, result: tuple) -> None:
        """A try is over: ((place, SHA-256), "done"), or (sentence, "paused", "refused" or anything
        else): update/download.py."""
        if not self._fetching:
            return
        self._fetching = False
        facts = self._station.facts
        what, case = result
        if case == "done":
            self._downloaded(*what)
        elif case == "paused":
            facts.log("note", "the download of firmware waits: " + what)
            self.kept["tries"] += 1
        elif case == "refused":
            facts.log("error", "firmware refused: " + what)
            self._report("Downloaded")
            self._not_for_this_board()
        elif self.kept["tries"]:
            self._at_ms = facts.up_ms + self.kept["every_s"] * 1000
            facts.log(
                "warn", "firmware not fetched: %s; next try in %d s" % (what, self.kept["every_s"])
            )
        else:
            facts.log("error", "firmware not fetched: " + what)
            self._end("DownloadFailed")

    def _downloaded(self, place: str, digest: bytes) -> None:
        """digest: the SHA-256 of the whole file."""
        self._report("Downloaded")
        self._to_install(place)

    def _to_install(self, place: str) -> None:
        self.kept["state"], self.kept["place"] = "Downloaded", place
        if self._keep():
            self._station.facts.log("note", "firmware fetched; it is installed between two charges")
        else:
            self._end("InstallationFailed")

    def _not_for_this_board(self) -> None:
        self._report("Installing")
        self._end("InstallationFailed")

    # -- installing

    def _install_if_idle(self) -> None:
        station = self._station
        facts = station.facts
        facts.charge_point.updating = True
        if self._charges():
            return
        if not self._installing:
            self._installing = True
            self._at_ms = facts.up_ms + _PATIENCE_MS
            for status in self.announced:
                self._report(status)
        waits = facts.online() and (self._reports or len(station.outbox))
        if waits and facts.up_ms < self._at_ms:
            return
        self.kept["state"] = "Restarting"
        self.kept["starts"] = 0
        if self._keep():
            facts.effects.append(("place", "activate"))
        else:
            self._end("InstallationFailed")

    def _charges(self) -> bool:
        """Is there a transaction, or a contactor that is not open?"""
        return any(
            [
                connector.transaction is not None
                or connector.live()
                or connector.stopped is not None
                for connector in self._station.facts.connectors
            ]
        )

    def refused(self, sentence: str) -> None:
        """The place could not be activated: what runs goes on."""
        self._station.facts.log("error", "firmware not installed: " + sentence)
        self._end("InstallationFailed")

    # -- after the restart

    def resume(self) -> None:
        """At a start."""
        kept = self.kept
        facts = self._station.facts
        runs = self._station.identity.get("program", "")
        state = kept["state"]
        if state in ("Downloaded", "Restarting") and runs and runs == kept["place"]:
            kept["state"] = "Restarting"
            kept["starts"] = kept.get("starts", 0) + 1
            self.status = "Installing"
            self._keep()
            self._on_trial = True
            self._trial_ends_ms = facts.up_ms + _TRIAL_MS
            if kept["starts"] > _TRIAL_STARTS:
                self._trial_ends_ms = facts.up_ms
        elif state == "Restarting" or (state == "Downloaded" and runs != kept["of"]):
            facts.log("error", "the new firmware in %s did not stay up" % kept["place"])
            self._end("InstallationFailed")
        elif state == "Ended":
            self._report(kept["status"])
        elif state == "Sending":
            facts.log("warn", "the update of the firmware: %s, perhaps not told" % kept["status"])
            self._over()
        elif state == "Downloaded":
            self.status = state

    def _try_it(self) -> None:
        """Installed is written and told in the pass after the boot loader knows: a power cut before
        that brings the firmware before it back."""
        facts = self._station.facts
        if self._confirmed:
            self._on_trial = False
            self._end("Installed")
        elif self._has_proved_itself():
            facts.log("note", "the new firmware in %s stays" % self.kept["place"])
            facts.effects.append(("place", "confirm"))
            self._confirmed = True
            self._trial_ends_ms = facts.up_ms
        elif (
            self._trial_ends_ms is not None
            and facts.up_ms >= self._trial_ends_ms
            and not any([c.transaction is not None or c.live() for c in facts.connectors])
        ):
            self._trial_ends_ms = None  # once; if that fails, what runs goes on
            facts.log("error", "the new firmware does not connect: back to the one before")
            facts.effects.append(("place", "give up"))

    def _has_proved_itself(self) -> bool:
        station = self._station
        if station.identity.get("csms_url") == "":  # there is no central system
            return station.facts.up_ms >= _ALONE_MS
        return station.registration.status is not None

    # -- reports

    def trigger(self) -> None:
        self._send(self.status or "Idle", None, True)

    def _report(self, status: str) -> None:
        self.status = status
        self._reports.append(status)

    def _end(self, status: str) -> None:
        self._station.facts.charge_point.updating = False
        ended = {"state": "Ended", "status": status}
        if "request_id" in self.kept:
            ended["request_id"] = self.kept["request_id"]
        self.kept = ended
        self._keep()
        self._report(status)

    def _send_next(self) -> None:
        if not self._may_send():
            return
        if self.kept["state"] == "Ended" and len(self._reports) == 1:
            if self._station.facts.effects or not self._station.calls.idle():
                return  # what else this pass leads to comes first, writes to flash among it
            self.kept["state"] = "Sending"
            self._keep()
        self._sending = True
        self._send(self._reports[0], self._answered, False)

    def _answered(self, payload, error: "str | None") -> None:
        self._sending = False
        if self._station.download is not self:
            return
        if error is not None and ":" not in error and error != SET_ASIDE:
            return  # no CALLERROR with its code: it is told anew
        if error is not None:
            self._station.facts.log("warn", "%s not delivered: %s" % (self._reports[0], error))
        self._reports.pop(0)
        if self.kept["state"] == "Sending" and not self._reports:
            self._over()

    def _may_send(self) -> bool:
        return not self._sending and len(self._reports) > 0 and self._station.facts.online()

    def payload(self, status: str) -> dict:
        return {"status": status}

    def _send(self, status: str, on_answer, triggered: bool) -> None:
        self._station.calls.ask(
            self.action, self.payload(status), on_answer or _no_matter, triggered
        )

    # -- beginning and end

    def cancel(self) -> bool:
        """Another request takes its place. False: it is too late for that."""
        if self.kept["state"] == "Restarting":
            return False
        station = self._station
        if self._fetching:
            station.facts.effects.append(("transfer", "download", None))
        station.facts.charge_point.updating = False
        self._leave()
        return True

    def _over(self) -> None:
        self._leave()
        self.kept = {}
        self._keep()

    def _leave(self) -> None:
        self._station.download = None
        self._station.leave(self)

    def _keep(self) -> bool:
        try:
            self._station.documents.write(DOCUMENT, self.kept)
            return True
        except OSError as error:
            self._station.facts.storage_failed(
                "the update of firmware cannot be written: %s" % error
            )
            return False


def _no_matter(payload, error: "str | None") -> None:
    pass


def begin(station, request: dict, make=Update, **more) -> None:
    """UpdateFirmware was answered. make, more: what a signed one needs beside."""
    before = station.download
    url = request["location"]
    if before is not None:
        if before.kept.get("url") == url and not (
            type(before) is make and before.waits_for_another_time(request["retrieveDate"])
        ):
            station.facts.log("note", "this firmware is on its way already")
            return
        if not before.cancel():
            station.facts.log("warn", "UpdateFirmware ignored: the station restarts for another")
            return
        station.facts.log("warn", "another firmware is asked for: the one before is given up")
    retries = min(max(request.get("retries", _RETRIES), 0), _MOST_RETRIES)
    every_s = min(max(request.get("retryInterval", _INTERVAL_S), 1), _LONGEST_INTERVAL_S)
    kept = {
        "state": "Waits",
        "url": url,
        "at": request["retrieveDate"],
        "tries": 1 + retries,
        "every_s": every_s,
        "of": station.identity.get("program", ""),
    }
    kept.update(more)
    make(station, kept)._keep()


def given(station, place: str) -> bool:
    """Somebody at the station has put new firmware into this place. False: flash does not take
    what is to be kept of it."""
    kept = {"state": "Downloaded", "place": place, "url": "", "at": 0, "tries": 0, "every_s": 0}
    kept["of"] = station.identity.get("program", "")
    update = Update(station, kept)
    update._report("Downloaded")
    if update._keep():
        return True
    update.cancel()
    return False


def understood(kept: dict) -> dict:
    """ValueError, TypeError or KeyError for what _keep cannot have written."""
    if kept:
        state = kept["state"]
        texts = ["state"]
        ints = []
        if state in ("Ended", "Sending"):
            texts.append("status")
        elif state in ("Waits", "Downloaded", "Restarting"):
            texts += ["url", "of"] if state == "Waits" else ["url", "of", "place"]
            ints = ["at", "tries", "every_s"] + (["starts"] if "starts" in kept else [])
        else:
            raise ValueError("no state")
        if "request_id" in kept:  # a signed one
            ints.append("request_id")
            if "url" in texts:
                texts += ["key", "algorithm", "signature"]
                ints.append("install_at")
        for names, kind in ((texts, str), (ints, int)):
            for name in names:
                if type(kept[name]) is not kind:
                    raise ValueError(name)
    return kept


def trigger(station) -> None:
    """What TriggerMessage asks for."""
    if station.download is not None:
        station.download.trigger()
    else:
        station.calls.ask("FirmwareStatusNotification", {"status": "Idle"}, _no_matter, True)
