"""Servers of files that misbehave while a vehicle charges and the station uploads its diagnostics.

After each: the central system was told how it ended, contactor and limit are as before, the control
loop stepped all the while, a valid request is answered, and the next upload arrives.
"""

from __future__ import annotations

from contextlib import closing

import pytest
from file_server import (
    FileServer,
    answers,
    drips_a_head,
    endless_head,
    floods,
    hangs_up,
    redirects,
    refuses_early,
    resets,
    says,
    says_nothing,
    serves,
)

from faults.bench import Bench

ROW = "a server of files that misbehaves"
_PATIENCE_S = 60
BEHAVIOURS = {
    "a 500": answers("500 Oops"),
    "a 401": answers("401 Unauthorized"),
    "no HTTP": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "bytes of all kinds": says(bytes(range(256)) * 20),
    "a head that does not end": endless_head,
    "interim answers without end": floods(b"HTTP/1.1 102 Processing\r\n\r\n"),
    "a line that does not end": floods(b"x" * 4000),
    "a redirect to itself": redirects("/in", "307 Temporary Redirect"),
    "a redirect to nowhere": redirects("http://127.0.0.1:1/", "308 Permanent Redirect"),
    "a redirect out of HTTP": redirects("file:///etc/passwd", "307 Temporary Redirect"),
    "an answer before the question": refuses_early,
    "it hangs up": hangs_up,
    "it resets": resets,
    "it says nothing": says_nothing,
    "a byte of the head at a time": drips_a_head(0.01),
}
_SLOW = ("it says nothing", "a line that does not end", "a byte of the head at a time")


@pytest.fixture(scope="module")
def server():
    with closing(FileServer()) as server:
        yield server


@pytest.fixture(scope="module")
def bench(interpreter, tmp_path_factory):
    with closing(Bench(tmp_path_factory.mktemp("files"), interpreter)) as bench:
        bench.plugged(16)
        bench.start_charging()
        yield bench


def _upload(bench: Bench, server: FileServer) -> str:
    """How an upload ends."""
    since = len(bench.central.messages)
    request = {"location": server.url + "/in", "retries": 0}
    assert bench.central.call("GetDiagnostics", request) == {"fileName": "in"}
    return bench.central.wait_for(
        "DiagnosticsStatusNotification",
        lambda payload: payload["status"] != "Uploading",
        since=since,
        timeout=_PATIENCE_S,
    ).payload["status"]


@pytest.mark.row(ROW)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in _SLOW)) for name in BEHAVIOURS],
)
def test_a_server_of_files_that_misbehaves_stops_no_charge(name, bench, server, scale, looks):
    server.default = BEHAVIOURS[name]
    try:
        assert _upload(bench, server) == "UploadFailed"
    finally:
        server.default = serves
    assert _upload(bench, server) == "Uploaded"
    looks(*bench.check_unmoved())


@pytest.mark.row(ROW)
def test_requests_that_overtake_one_another_stop_no_charge(bench, server, scale, looks):
    last = scale.pick(6, 21, 99)
    for number in range(last + 1):
        if number % 3:
            request = {"location": server.url + "/in", "retries": 0}
            assert bench.central.call("GetDiagnostics", request) == {"fileName": "in"}
        else:
            log = {"remoteLocation": server.url + "/in"}
            request = {"logType": "SecurityLog", "requestId": number, "log": log}
            answer = bench.central.call("GetLog", request)
            assert answer["status"] in ("Accepted", "AcceptedCanceled")
    bench.central.wait_for(
        "LogStatusNotification",
        lambda payload: payload == {"requestId": last, "status": "Uploaded"},
        timeout=_PATIENCE_S,
    )
    looks(*bench.check_unmoved())
    bench.check_traffic()
