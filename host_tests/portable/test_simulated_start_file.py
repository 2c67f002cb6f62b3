"""The start file: defaults, what is ignored, and what is refused with which words."""

import json

from setpoint.board.simulated.start_file import StartFileError, read


def settings_of(document):
    return read(json.dumps(document), "/home")[0]


def refusal_of(document):
    try:
        read(json.dumps(document), "/home")
    except StartFileError as error:
        return error.args[0]
    return None


def test_an_empty_object_is_a_station_with_one_connector():
    settings, ignored = read("{}", "/home")
    assert ignored == []
    assert settings["connectors"] == [{"id": 1, "lock": True}]
    assert settings["device"]["limits_without_profile"] == {
        "amps": 32,
        "watts": None,
        "phases": 3,
        "volts": 230,
    }
    assert settings["device"]["grid_amps"] is None and settings["device"]["phase_switch"] is True
    assert settings["device"]["reconnect"] == {"minimum_s": 1, "random_s": 2}
    assert (
        settings["identity"]["vendor"] == "Setpoint"
        and settings["identity"]["model"] == "Simulated"
    )
    assert settings["tls"] == {
        "ca_file": None,
        "check_hostname": True,
        "cert_file": None,
        "key_file": None,
    }
    assert settings["keys"] == {} and settings["vehicles"] == [] and settings["control"] is None
    assert settings["network"] == {"dns": None, "tls_connections": None}


def test_the_public_authorities_of_set_up_mode_are_files_beside_the_start_file():
    assert settings_of({"set_up": {}})["set_up"]["public_roots"] is None
    found = settings_of({"set_up": {"public_roots": ["a.pem", "/b.pem"]}})
    assert found["set_up"]["public_roots"] == ["/home/a.pem", "/b.pem"]
    for wrong in ("a.pem", [7], {}):
        assert refusal_of({"set_up": {"public_roots": wrong}}).startswith(
            "set_up.public_roots must be a list"
        ), wrong


def test_reading_twice_gives_lists_of_their_own():
    settings_of({})["connectors"].append("spoilt")
    assert settings_of({})["connectors"] == [{"id": 1, "lock": True}]


def test_the_example_of_the_interface_is_read_whole():
    settings, ignored = read(
        """{"csms_url": "ws://127.0.0.1:9000", "charge_point_id": "cp001",
        "identity": {"vendor": "V", "model": "M", "firmware": "1", "charge_box_serial": "b", "charge_point_serial": "p"},
        "connectors": [{"id": 1, "lock": true}], "keys": {"MeterValueSampleInterval": "60"}, "board": "simulated",
        "device": {"limits_without_profile": {"amps": 32, "watts": 22080, "phases": 3, "volts": 230},
          "grid_amps": null, "phase_switch": true, "reconnect": {"minimum_s": 1, "random_s": 2}},
        "tls": {"ca_file": "ca.pem", "check_hostname": true, "cert_file": null, "key_file": null},
        "basic_auth": null, "store": "flash", "control": {"host": "127.0.0.1", "port": 5000},
        "clock": {"offset_s": 0}, "vehicles": [{"connector": 1, "amps": 32, "phases": 3, "draw_delay": 0}]}""",
        "/home",
    )
    assert ignored == []
    assert settings["control"] == {"host": "127.0.0.1", "port": 5000}
    assert settings["vehicles"] == [{"connector": 1, "amps": 32, "phases": 3, "draw_delay": 0}]


def test_relative_paths_start_from_the_folder_of_the_start_file():
    settings = settings_of(
        {
            "store": "flash",
            "tls": {"ca_file": "ca.pem", "key_file": "/etc/key.pem", "cert_file": "/etc/own.pem"},
        }
    )
    assert settings["store"] == "/home/flash"
    assert settings["tls"]["ca_file"] == "/home/ca.pem"
    assert (
        settings["tls"]["key_file"] == "/etc/key.pem"
        and settings["tls"]["cert_file"] == "/etc/own.pem"
    )


def test_unknown_fields_are_named_and_ignored():
    ignored = read(
        '{"colour": "red", "identity": {"age": 3}, "connectors": [{"id": 1, "lamp": true}]}',
        "/home",
    )[1]
    assert sorted(ignored) == [
        "The field colour is unknown and ignored.",
        "The field connectors[0].lamp is unknown and ignored.",
        "The field identity.age is unknown and ignored.",
    ]


def test_a_wrong_type_is_refused_by_name():
    for document, words in (
        ([], "The start file must be an object."),
        ({"store": 3}, "store must be text."),
        ({"identity": "me"}, "identity must be an object."),
        ({"device": {"phase_switch": 1}}, "device.phase_switch must be true or false."),
        (
            {"device": {"limits_without_profile": {"amps": "32"}}},
            "device.limits_without_profile.amps must be a number.",
        ),
        ({"device": {"grid_amps": True}}, "device.grid_amps must be a number or null."),
        ({"keys": {"HeartbeatInterval": 60}}, "keys.HeartbeatInterval must be text."),
        ({"connectors": [1]}, "connectors[0] must be an object."),
        ({"control": {"host": "h", "port": "5000"}}, "control.port must be a whole number."),
        ({"vehicles": [{"connector": 1, "amps": "16"}]}, "vehicles[0].amps must be a number."),
    ):
        assert words in (refusal_of(document) or ""), (document, refusal_of(document))


def test_an_impossible_value_is_refused_by_name():
    for document, words in (
        ({"board": "esp32"}, "board must be"),
        ({"csms_url": "http://central"}, "csms_url must be"),
        ({"connectors": [{"id": 2}]}, "connectors[0].id must be 1"),
        ({"device": {"dim": {"watts": 0}}}, "device.dim.watts must be a whole number above 0."),
        ({"device": {"dim": {"watts": "4200"}}}, "device.dim.watts must be a whole number."),
        ({"device": {"dim": 4200}}, "device.dim must be an object or null."),
        ({"device": {"limits_without_profile": {"phases": 4}}}, "phases must be 1, 2 or 3."),
        ({"control": {"host": "h"}}, "control.port must be 1 to 65535."),
        ({"vehicles": [{"connector": 2}]}, "vehicles[0].connector must be"),
        ({"vehicles": [{"connector": 1}, {"connector": 1}]}, "vehicles[1].connector must be"),
        ({"basic_auth": {"user": "me"}}, "basic_auth.password must be text"),
        ({"basic_auth": {"user": 7, "password": "x"}}, "basic_auth.user must be text or null."),
        (
            {"tls": {"cert_file": "own.pem"}},
            "tls.key_file must be given together with tls.cert_file.",
        ),
        ({"clock": {"at": "yesterday"}}, "clock.at must be an instant"),
        ({"network": {"dns": "ns.example"}}, "network.dns must be an IPv4 address"),
        ({"network": {"dns": "127.0.0.1:0"}}, "network.dns must be an IPv4 address"),
        ({"network": {"dns": "127.0.0.1:x"}}, "network.dns must be an IPv4 address"),
    ):
        assert words in (refusal_of(document) or ""), (document, refusal_of(document))


def test_a_dns_server_is_an_address_with_or_without_a_port():
    for dns in ("192.168.1.1", "127.0.0.1:5353", None):
        assert settings_of({"network": {"dns": dns}})["network"]["dns"] == dns


def test_all_that_is_wrong_is_told_at_once():
    words = refusal_of({"store": 3, "charge_point_id": None})
    assert "store must be" in words and "charge_point_id must be" in words


def test_text_that_is_not_json_is_refused():
    try:
        read('{"store" "x', "/home")
        raise AssertionError("accepted")
    except StartFileError as error:
        assert error.args[0] == "The start file is not JSON."


def test_an_instant_at_the_start_is_read():
    assert (
        settings_of({"clock": {"at": "2020-01-02T00:00:00Z", "frozen": True}})["clock"]["at"]
        == 86400
    )


def test_the_number_of_connectors_may_come_from_its_key():
    settings = settings_of({"keys": {"NumberOfConnectors": "3"}})
    assert [connector["id"] for connector in settings["connectors"]] == [1, 2, 3]


def test_a_meter_at_the_grid_connection_has_its_defaults_and_is_checked():
    assert settings_of({})["device"]["mains"] is None
    assert settings_of({"device": {"mains": {}}})["device"]["mains"] == {
        "fuse_amps": 25,
        "safe_amps": 6,
        "rise_after_s": 30,
        "surplus": False,
        "house": [0, 0, 0],
    }
    for mains, words in (
        ({"fuse_amps": 0}, "device.mains.fuse_amps must be a number above 0"),
        ({"house": [1, 2]}, "device.mains.house must be a list of three numbers"),
        ({"house": [1, 2, "3"]}, "device.mains.house must be a list of three numbers"),
        ({"safe_amps": -1}, "device.mains.safe_amps must be"),
        ({"rise_after_s": 1.5}, "device.mains.rise_after_s must be"),
        (7, "device.mains must be an object or null"),
    ):
        said = refusal_of({"device": {"mains": mains}})
        assert said is not None and words in said, (mains, said)
    _, ignored = read('{"device": {"mains": {"fuse_amp": 35}}}', "/home")
    assert "device.mains.fuse_amp" in ignored[0] and "did you mean fuse_amps?" in ignored[0]
