"""The compliancy test tool's cases of Firmware Management. The names are those of public test
reports; the table in host_tests/README.md lists them all."""

from station_bench import StationBench


def station(program="ota_0", memory=None):
    return StationBench(identity={"program": program}, memory=memory)


def asked(bench, location="http://files/new"):
    request = {"location": location, "retrieveDate": "2025-06-15T11:59:00Z", "retries": 0}
    assert bench.ask("UpdateFirmware", request) == {}
    bench.wake()
    return [payload["status"] for payload in bench.actions("FirmwareStatusNotification")]


def ended(bench, result):
    bench.transfer_ends("download", result)
    bench.wake()
    return [payload["status"] for payload in bench.actions("FirmwareStatusNotification")]


def test_tc_044_1_firmware_update_download_and_install():
    bench = station()
    assert asked(bench) == ["Downloading"]
    statuses = ended(bench, (("ota_1", bytes(32)), "done"))
    assert statuses == ["Downloading", "Downloaded", "Installing"]
    assert bench.statuses()[-1] == "Unavailable" and bench.places == ["activate"]
    rebooted = station("ota_1", bench.memory)
    rebooted.wake()
    actions = [action for action, _ in rebooted.sent]
    assert actions[0] == "BootNotification" and rebooted.statuses() == ["Available"]
    installed = rebooted.actions("FirmwareStatusNotification")
    assert installed == [{"status": "Installed"}]


def test_tc_044_2_firmware_update_and_the_download_fails():
    bench = station()
    asked(bench, "http://files/nowhere")
    problem = ("the file server answered 404 Not Found: look at the path", 404)
    assert ended(bench, problem) == ["Downloading", "DownloadFailed"]
    assert bench.statuses()[-1] == "Available"


def test_tc_044_3_firmware_update_and_the_installation_fails():
    bench = station()
    asked(bench)
    statuses = ended(bench, ("the file is damaged", "refused"))
    assert statuses == ["Downloading", "Downloaded", "Installing", "InstallationFailed"]
    assert bench.statuses()[-1] == "Available"
