"""The station at a second, independent central system: the npm package `ocpp-rpc` in strict mode
(ocpp_rpc/central.js).

It needs Node and npm; where they are missing the tests are skipped, and fail in CI.
"""

from contextlib import closing
from pathlib import Path

import file_server
import pytest
from authority import Authority
from file_server import FileServer
from firmware_image import setpoint_bin
from npm_packages import installed
from ocpp_rpc import NodeCentralSystem

from setpoint.clock import system_instant
from tools import update
from tools.station_process import RESET, StationProcess


@pytest.fixture
def strict(request):
    central = NodeCentralSystem(installed(Path(__file__).parent / "ocpp_rpc"))
    yield central
    central.close()
    violations = [event for event in central.events if "violation" in event]
    assert not violations, violations


def _station(folder, micropython, strict, **keys):
    device = {"reconnect": {"minimum_s": 1, "random_s": 0}}
    return StationProcess(folder, micropython, csms_url=strict.url, keys=keys, device=device)


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_charge_with_profiles_at_the_ocpp_rpc_package(strict, micropython, tmp_path):
    with _station(tmp_path, micropython, strict, MeterValueSampleInterval="1") as station:
        station.wait_until(lambda state: state["registered"])
        profile = {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.1}],
            },
        }
        set_profile = {"connectorId": 1, "csChargingProfiles": profile}
        assert strict.ask("SetChargingProfile", set_profile) == {"status": "Accepted"}
        station.cmd("plug_in", connector=1, amps=16, phases=3)
        assert strict.ask("RemoteStartTransaction", {"idTag": "REMOTE", "connectorId": 1}) == {
            "status": "Accepted"
        }
        station.wait_until(lambda state: state["connectors"][0]["pilot"]["offered_amps"] == 8.1)
        started = strict.wait_for_message("StartTransaction", connectorId=1, idTag="REMOTE")
        strict.wait_for_message("StatusNotification", connectorId=1, status="Charging")
        plan = strict.ask(
            "GetCompositeSchedule", {"connectorId": 1, "duration": 600, "chargingRateUnit": "A"}
        )
        periods = plan["chargingSchedule"]["chargingSchedulePeriod"]
        assert periods == [{"startPeriod": 0, "limit": 8.1, "numberPhases": 3}]
        for asked in (
            {"requestedMessage": "MeterValues", "connectorId": 1},
            {"requestedMessage": "Heartbeat"},
        ):
            assert strict.ask("TriggerMessage", asked) == {"status": "Accepted"}
        strict.wait_for_message("Heartbeat")
        strict.wait_for_message("MeterValues", transactionId=started["answer"]["transactionId"])
        keys = strict.ask("GetConfiguration", {})
        assert {"key": "NumberOfConnectors", "readonly": True, "value": "1"} in keys[
            "configurationKey"
        ]
        assert strict.ask("ClearChargingProfile", {"id": 1}) == {"status": "Accepted"}
        stop = {"transactionId": started["answer"]["transactionId"]}
        assert strict.ask("RemoteStopTransaction", stop) == {"status": "Accepted"}
        strict.wait_for_message("StopTransaction", reason="Remote", **stop)
        station.cmd("plug_out", connector=1)
        strict.wait_for_message(
            "StatusNotification", len(strict.events) - 1, connectorId=1, status="Available"
        )


def test_a_transaction_that_ends_while_the_link_is_cut_arrives_once_at_the_ocpp_rpc_package(
    strict, micropython, tmp_path
):
    with _station(tmp_path, micropython, strict) as station:
        station.wait_until(lambda state: state["registered"])
        station.cmd("plug_in", connector=1, amps=16, phases=3)
        station.cmd("swipe", tag="CARD")
        started = strict.wait_for_message("StartTransaction", idTag="CARD")
        station.wait_until(lambda state: state["connectors"][0]["transaction"]["id"] is not None)
        station.cmd("link", up=False)
        station.wait_until(lambda state: not state["connected"])
        station.cmd("plug_out", connector=1)
        station.wait_until(lambda state: state["connectors"][0]["transaction"] is None)
        station.cmd("link", up=True)
        stopped = strict.wait_for_message("StopTransaction", reason="EVDisconnected")
        assert stopped["payload"]["transactionId"] == started["answer"]["transactionId"]
        strict.drop()
        back = len(strict.events)
        strict.wait_for(lambda event: "up" in event, back)
        assert strict.ask("TriggerMessage", {"requestedMessage": "Heartbeat"}) == {
            "status": "Accepted"
        }
        strict.wait_for_message("Heartbeat", back)
        assert (
            len(strict.messages("StopTransaction")) == len(strict.messages("StartTransaction")) == 1
        )
        assert len(strict.messages("BootNotification")) == 1


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_diagnostics_and_logs_at_the_ocpp_rpc_package(strict, micropython, tmp_path):
    with _station(tmp_path, micropython, strict) as station, closing(FileServer()) as server:
        station.wait_until(lambda state: state["registered"])
        request = {"location": server.url + "/in", "retries": 0}
        assert strict.ask("GetDiagnostics", request) == {"fileName": "in"}
        strict.wait_for_message("DiagnosticsStatusNotification", status="Uploading")
        strict.wait_for_message("DiagnosticsStatusNotification", status="Uploaded")
        assert strict.ask("GetDiagnostics", {"location": "sftp://host/"}) == {}
        trigger = {"requestedMessage": "DiagnosticsStatusNotification"}
        assert strict.ask("TriggerMessage", trigger) == {"status": "Accepted"}
        strict.wait_for_message("DiagnosticsStatusNotification", status="Idle")
        log = {"remoteLocation": server.url + "/in"}
        request = {"logType": "DiagnosticsLog", "requestId": 1, "log": log, "retries": 0}
        server.behaviours = [file_server.says_nothing]
        assert strict.ask("GetLog", request)["status"] == "Accepted"
        strict.wait_for_message("LogStatusNotification", status="Uploading", requestId=1)
        for number, status, ends in (
            (2, "AcceptedCanceled", [file_server.answers("403 Forbidden")]),
            (3, "Accepted", [file_server.answers("501 No")] * 2),
            (4, "Accepted", [file_server.says(b"no HTTP\r\n")]),
            (5, "Accepted", [file_server.answers("500 Oops")]),
            (6, "Accepted", []),
        ):
            server.behaviours = ends
            request["requestId"] = number
            assert strict.ask("GetLog", request)["status"] == status, number
            words = "PermissionDenied NotSupportedOperation BadMessage UploadFailure Uploaded"
            wanted = words.split()[number - 2]
            strict.wait_for_message("LogStatusNotification", status=wanted, requestId=number)
        request["log"] = {"remoteLocation": "ldap://host/"}
        assert strict.ask("GetLog", request) == {"status": "Rejected"}


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_certificates_at_the_ocpp_rpc_package(strict, micropython, tmp_path):
    root = Authority("Root", system_instant())
    kind = {"certificateType": "CentralSystemRootCertificate"}
    accepted = {"status": "Accepted"}
    with _station(tmp_path, micropython, strict) as station:
        station.wait_until(lambda state: state["registered"])
        assert strict.ask("GetInstalledCertificateIds", kind) == {"status": "NotFound"}
        assert strict.ask("InstallCertificate", {**kind, "certificate": root.pem}) == accepted
        found = strict.ask("GetInstalledCertificateIds", kind)["certificateHashData"]
        assert strict.ask("DeleteCertificate", {"certificateHashData": found[0]}) == accepted
        assert strict.ask("InstallCertificate", {**kind, "certificate": "none"}) == {
            "status": "Rejected"
        }
        wanted = {"requestedMessage": "SignChargePointCertificate"}
        assert strict.ask("ExtendedTriggerMessage", wanted) == accepted
        request = strict.wait_for_message("SignCertificate")["payload"]["csr"]
        chain = {"certificateChain": root.sign(request)}
        assert strict.ask("CertificateSigned", chain) == accepted
        assert strict.ask("CertificateSigned", chain) == {"status": "Rejected"}
        strict.wait_for_message("SecurityEventNotification", type="InvalidChargePointCertificate")
        firmware = {
            "location": "http://127.0.0.1:9/",
            "retrieveDateTime": "2026-01-01T00:00:00Z",
            "signingCertificate": root.pem,
            "signature": "AA==",
        }
        signed = {"requestId": 3, "firmware": firmware}
        assert strict.ask("SignedUpdateFirmware", signed) == {"status": "InvalidCertificate"}
        kind = {"certificateType": "ManufacturerRootCertificate"}
        assert strict.ask("InstallCertificate", {**kind, "certificate": root.pem}) == accepted
        signed["retries"] = 0
        assert strict.ask("SignedUpdateFirmware", signed) == accepted
        strict.wait_for_message("SignedFirmwareStatusNotification", status="DownloadFailed")


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_an_update_of_the_firmware_at_the_ocpp_rpc_package(strict, micropython, tmp_path):
    with (
        closing(FileServer()) as server,
        _station(tmp_path, micropython, strict) as station,
    ):
        image = setpoint_bin("esp32", "9.0.0", 20000)[1]
        server.files["/fw"] = update.of_image(image, "simulated", "9.0.0")
        station.wait_until(lambda state: state["registered"])
        request = {"location": server.url + "/fw", "retrieveDate": "2025-06-15T12:00:00Z"}
        assert strict.ask("UpdateFirmware", request) == {}
        for status in ("Downloading", "Downloaded", "Installing"):
            strict.wait_for_message("FirmwareStatusNotification", status=status)
        assert station.wait_exit(60) == RESET
        station.start()
        strict.wait_for_message("FirmwareStatusNotification", status="Installed")


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_a_local_list_at_the_ocpp_rpc_package(strict, micropython, tmp_path):
    with _station(tmp_path, micropython, strict, LocalPreAuthorize="true") as station:
        station.wait_until(lambda state: state["registered"])
        assert strict.ask("GetLocalListVersion", {}) == {"listVersion": 0}
        good = {"idTag": "GOOD", "idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
        friend = {"idTag": "FRIEND", "idTagInfo": good["idTagInfo"]}
        for kind, version, cards, status in (
            ("Full", 1, [good], "Accepted"),
            ("Full", 2, [good, good], "Failed"),
            ("Differential", 1, [good], "VersionMismatch"),
            ("Differential", 2, [friend], "Accepted"),
        ):
            payload = {"updateType": kind, "listVersion": version, "localAuthorizationList": cards}
            assert strict.ask("SendLocalList", payload) == {"status": status}
        assert strict.ask("GetLocalListVersion", {}) == {"listVersion": 2}
        station.cmd("plug_in", connector=1, amps=16, phases=3)
        station.cmd("swipe", tag="GOOD")
        strict.wait_for_message("StartTransaction", idTag="GOOD")
        station.wait_until(lambda state: (state["connectors"][0]["transaction"] or {}).get("id"))
        station.cmd("swipe", tag="FRIEND")
        strict.wait_for_message("StopTransaction", idTag="FRIEND")
        assert not strict.messages("Authorize")
        off = {"key": "LocalAuthListEnabled", "value": "false"}
        assert strict.ask("ChangeConfiguration", off) == {"status": "Accepted"}
        assert strict.ask("GetLocalListVersion", {}) == {"listVersion": -1}
        assert strict.ask("SendLocalList", {"updateType": "Full", "listVersion": 3}) == {
            "status": "NotSupported"
        }
