"""One upload that a central system asked for: GetDiagnostics (OCPP 1.6, 5.9) or GetLog (security
whitepaper). Loaded when it is asked for (late.py); a restart ends it.

There is one at a time; a newer request ends it. It is tried 1 + retries times; the central system is
told Uploading once, and how it ended."""

from micropython import const

from ..messaging.calls import SET_ASIDE
from ..protocol.iso8601 import text_from
from ..protocol.urls import BadUrl, parts_of, percent_encoded

_SCHEMES = ("http", "https", "ftp")  # as SupportedFileTransferProtocols says
_CALM_MS = const(1000)
_RETRIES = const(2)  # where the request leaves that to the station
_INTERVAL_S = const(60)
_MOST_RETRIES = const(100)
_LONGEST_INTERVAL_S = const(86400)
_LONGEST_NAME = const(255)


class Upload:
    """A part of the station until it is over. request: the fields of both requests by GetLog's
    names; `request_id` None: GetDiagnostics asked."""

    def __init__(
        self, station, log_type: str, url: str, name: str, log: dict, request: dict
    ) -> None:
        self.request_id = request.get("requestId")
        self._station = station
        self._job = (
            url,
            name,
            log_type,
            log.get("oldestTimestamp"),
            log.get("latestTimestamp"),
        )
        self._tries = 1 + min(max(request.get("retries", _RETRIES), 0), _MOST_RETRIES)
        interval_s = request.get("retryInterval", _INTERVAL_S)
        self._interval_ms = min(max(interval_s, 1), _LONGEST_INTERVAL_S) * 1000
        # Of the next try; None: one is under way. A flood of requests begins one upload
        self._at_ms = station.facts.up_ms + _CALM_MS
        self._has_begun = False
        station.upload = self
        station.join(self)

    def due_ms(self) -> "int | None":
        return self._at_ms

    def settle(self) -> None:
        facts = self._station.facts
        if self._at_ms is not None and facts.up_ms >= self._at_ms:
            self._at_ms = None
            self._tries -= 1
            if not self._has_begun:
                self._has_begun = True
                self._report("Uploading")
            facts.effects.append(("transfer", "upload", self._job))

    def ended(self, problem: "tuple | None") -> None:
        """A try is over. problem: as of Station.on_transfer."""
        facts = self._station.facts
        if problem is None:
            facts.log("note", "%s uploaded" % self._job[1])
            self._over("Uploaded")
            return
        sentence, status = problem
        if self._tries:
            self._at_ms = facts.up_ms + self._interval_ms
            sentence += "; next try in %d s" % (self._interval_ms // 1000)
        facts.log("warn", "%s not uploaded: %s" % (self._job[1], sentence))
        if not self._tries:
            self._over(self._failure(status))

    def cancel(self, is_log: bool) -> None:
        """Another request takes its place, a GetLog or a GetDiagnostics. Nothing is told where
        GetLog's AcceptedCanceled says so, or where the new upload is told of and this one never was.
        """
        facts = self._station.facts
        facts.log("info", "%s not uploaded: another file is asked for" % self._job[1])
        if self._has_begun:
            facts.effects.append(("transfer", "upload", None))
        if is_log is (self.request_id is not None) and (is_log or not self._has_begun):
            self._leave()
        else:
            self._over(self._failure(None))

    def _failure(self, status: "int | None") -> str:
        """The status of the whitepaper for an HTTP status (link/http.py)."""
        if self.request_id is None:
            return "UploadFailed"
        if status in (401, 403):
            return "PermissionDenied"
        if status in (404, 405, 501):
            return "NotSupportedOperation"
        return "BadMessage" if status in (0, 400) else "UploadFailure"

    def _over(self, status: str) -> None:
        self._leave()
        self._report(status)

    def _leave(self) -> None:
        self._station.upload = None
        self._station.leave(self)

    def _report(self, status: str) -> None:
        report(self._station, self.request_id is not None, status, self.request_id)


def begin(station, log_type: str, url: str, log: dict, request: dict) -> "str | None":
    """Begins an upload after the answer to the request at hand. Returns the name of the file, None
    if it cannot be: then the reason is logged."""
    try:
        target = parts_of(url, _SCHEMES)[4]
    except BadUrl as error:
        station.facts.log("warn", "nothing to upload to: %s" % error)
        return None
    # A directory (OCPP 1.6, 6.25), or the URL of the file, as other stations and curl take it
    path, _, query = target.partition("?")
    name = path[path.rindex("/") + 1 :]
    if not name:
        name = _name(station, log_type)
        if not query:
            url = url.partition("#")[0]
            url += ("" if url[-1:] == "/" else "/") + name
    name = "".join(name.split('"'))[:_LONGEST_NAME]
    station.later(lambda: Upload(station, log_type, url, name, log, request))
    return name


def _name(station, log_type: str) -> str:
    """CP01-20250615T120000Z-diagnostics.log"""
    facts = station.facts
    stamp = "" if facts.now is None else "-" + "".join(text_from(facts.now).split("-"))
    return "%s%s-%s.log" % (
        percent_encoded(str(station.identity.get("charge_point_id") or "station"))[:100],
        "".join(stamp.split(":")),
        log_type[:-3].lower(),
    )


def report(
    station, is_log: bool, status: str, request_id: "int | None", triggered: bool = False
) -> None:
    """Sends DiagnosticsStatusNotification or LogStatusNotification; again after a lost link."""
    facts = station.facts
    payload = {"status": status}
    if request_id is not None:
        payload["requestId"] = request_id

    def answered(_, error):
        if error is None:
            return
        if not facts.link_up and error != SET_ASIDE and not triggered:
            report(station, is_log, status, request_id)
        else:
            facts.log("warn", "status %s of an upload not delivered: %s" % (status, error))

    action = "LogStatusNotification" if is_log else "DiagnosticsStatusNotification"
    station.calls.ask(action, payload, answered, triggered)


def trigger(station, is_log: bool) -> None:
    """What TriggerMessage asks for: how the upload stands."""
    upload = station.upload
    if upload is None or (upload.request_id is not None) is not is_log:
        report(station, is_log, "Idle", None, True)
    else:
        report(station, is_log, "Uploading", upload.request_id, True)
