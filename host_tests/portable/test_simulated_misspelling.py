"""A start file with slips in it: the station names what was meant, once."""

import json

from setpoint.board.simulated.misspelling import closest, slips
from setpoint.board.simulated.start_file import _FIELDS, StartFileError, read


def refusal_of(document):
    try:
        read(json.dumps(document), "/home")
    except StartFileError as error:
        return error.args[0]
    return None


def test_slips_are_counted():
    for a, b, count in (
        ("", "", 0),
        ("csms_url", "csms_url", 0),
        ("csms_ulr", "csms_url", 1),
        ("csm_url", "csms_url", 1),
        ("csms_urll", "csms_url", 1),
        ("kitten", "sitting", 3),
        ("abc", "", 3),
    ):
        assert slips(a, b) == slips(b, a) == count, (a, b)


def test_a_misspelt_field_is_ignored_as_every_unknown_one_and_the_right_name_is_told():
    for document, words in (
        ({"csms_ulr": "ws://a"}, "field csms_ulr is unknown and ignored: did you mean csms_url?"),
        ({"csms-url": "ws://a"}, "field csms-url is unknown and ignored: did you mean csms_url?"),
        ({"Store": "flash"}, "The field Store is unknown and ignored: did you mean store?"),
        ({"chargepoint_id": "a"}, "did you mean charge_point_id?"),
        ({"vehicle": []}, "did you mean vehicles?"),
        ({"device": {"grid_amp": 3}}, "device.grid_amp is unknown and ignored: did you mean "),
        ({"connectors": [{"id": 1, "lok": False}]}, "[0].lok is unknown and ignored: did you mean"),
    ):
        settings, ignored = read(json.dumps(document), "/home")
        assert len(ignored) == 1 and words in ignored[0], ignored
        assert settings["csms_url"] == "ws://127.0.0.1:9000"


def test_a_field_that_looks_like_no_other_is_ignored_without_a_hint():
    for name in ("colour", "_comment", "x", "id", "password", "name", ""):
        assert closest(name, list(_FIELDS)) is None, name
    settings, ignored = read('{"csms_url": "ws://a", "csms_ulr": "ws://b"}', "/home")
    assert settings["csms_url"] == "ws://a"
    assert ignored == ["The field csms_ulr is unknown and ignored."]


def test_an_id_with_a_blank_is_refused_with_the_reason():
    for name in ("cp 001", " cp001", "cp001\n", "\t"):
        words = refusal_of({"charge_point_id": name})
        assert words.startswith("charge_point_id must be text without blanks, because "), words


def test_a_number_as_the_value_of_a_key_is_shown_as_text():
    keys = {"HeartbeatInterval": 10, "AuthorizeRemoteTxRequests": True, "A": []}
    words = refusal_of({"keys": keys})
    assert 'keys.HeartbeatInterval must be text. Write "10" in place of 10.' in words
    assert 'keys.AuthorizeRemoteTxRequests must be text. Write "true" in place of true.' in words
    assert "keys.A must be text." in words


def test_no_field_is_named_twice():
    for document, words in (
        ({"vehicles": [{"connector": 1, "amps": "16"}]}, "vehicles[0].amps must be a number."),
        (
            {"vehicles": [{"conector": 1}]},
            "The field vehicles[0].conector is unknown and ignored: did you mean connector? "
            "vehicles[0].connector must be one of the station's connectors.",
        ),
        ({"control": {"host": "h", "port": "5000"}}, "control.port must be a whole number."),
        ({"charge_point_id": ""}, "charge_point_id must be text that is not empty."),
    ):
        assert refusal_of(document) == words, refusal_of(document)
