"""The table of configuration keys, and what a key can take (OCPP 1.6 chapter 9)."""

from setpoint.station.keys import first_value, name_of, names, readable, text_of, value_of
from setpoint.station.settings import Settings


def test_the_table_is_in_order_and_each_key_can_take_its_first_value():
    assert list(names()) == sorted(names())
    for name in names():
        value = first_value(name)
        if not readable(name):
            assert value is None
            continue
        assert value is not None and value_of(name, text_of(value)) == value, name


def test_upper_and_lower_case_do_not_count():
    assert name_of("heartbeatINTERVAL") == "HeartbeatInterval"
    assert name_of("Heartbeat") is None and name_of("") is None


def test_a_key_takes_what_its_type_and_range_allow():
    for name, text, value in (
        ("HeartbeatInterval", " 60 ", 60),
        ("HeartbeatInterval", "0", None),
        ("HeartbeatInterval", "6.5", None),
        ("HeartbeatInterval", "", None),
        ("StopTransactionOnInvalidId", "FALSE", False),
        ("StopTransactionOnInvalidId", " true ", True),
        ("StopTransactionOnInvalidId", "1", None),
        (
            "MeterValuesSampledData",
            "Current.Import , Power.Offered",
            "Current.Import,Power.Offered",
        ),
        ("MeterValuesSampledData", "", ""),
        ("MeterValuesSampledData", "Weather", None),
        ("MeterValuesSampledData", "Voltage.L1", "Voltage.L1"),
        ("MeterValuesSampledData", "Voltage.L2-N, Voltage.L3", "Voltage.L2-N,Voltage.L3"),
        (
            "StopTxnAlignedData",
            "Current.Import.L1,Current.Import.L3",
            "Current.Import.L1,Current.Import.L3",
        ),
        ("MeterValuesSampledData", "Current.Import.L1-N", None),
        ("MeterValuesSampledData", "Voltage.L4", None),
        ("MeterValuesSampledData", "Voltage.L1-L2", None),
        ("MeterValuesSampledData", "Voltage.", None),
        ("MeterValuesSampledData", "Voltage.N", None),
        ("MeterValuesSampledData", "Current.Offered.L1", None),
        ("MeterValuesSampledData", "Energy.Active.Import.Register.L1", None),
        ("MeterValuesSampledData", ",", None),
        ("MeterValuesSampledData", " , ,", None),
        ("MeterValuesSampledData", "Voltage,,Temperature", None),
        ("MeterValuesSampledData", "Voltage,", None),
        ("StopTxnSampledData", ",Voltage", None),
        ("ConnectorPhaseRotation", ",", None),
        ("ConnectorPhaseRotation", "0.RST, 1.STR,2.NotApplicable", "0.RST,1.STR,2.NotApplicable"),
        ("ConnectorPhaseRotation", "1.RRR", None),
        ("ConnectorPhaseRotation", "RST", None),
        (
            "AuthorizationKey",
            "00112233445566778899aabbccddeeff",
            "00112233445566778899aabbccddeeff",
        ),
        (
            "AuthorizationKey",
            "00112233445566778899AABBCCDDEEFF00112233",
            "00112233445566778899AABBCCDDEEFF00112233",
        ),
        ("AuthorizationKey", "00112233445566778899aabbccddee", None),
        ("AuthorizationKey", "00112233445566778899aabbccddeeff0", None),
        ("AuthorizationKey", "00112233445566778899aabbccddeeff0011223344", None),
        ("AuthorizationKey", "a password of 32 characters here", None),
        ("SecurityProfile", "4", None),
    ):
        assert value_of(name, text) == value, (name, text)


def test_first_and_stored_values_that_cannot_be_are_named_and_ignored():
    settings = Settings({"connectionTIMEout": 30, "Colour": "red"})
    assert settings["ConnectionTimeOut"] == 30
    settings.start({"ConnectionTimeOut": "40", "HeartbeatInterval": "x"})
    assert settings["ConnectionTimeOut"] == 40 and settings["HeartbeatInterval"] == first_value(
        "HeartbeatInterval"
    )
    problems = settings.problems
    assert len(problems) == 2 and "Colour" in problems[0] and "HeartbeatInterval" in problems[1]
    assert problems[0].startswith("the first values:") and problems[1].startswith(
        "the stored values:"
    )
    secret = Settings({"AuthorizationKey": "s3cret"}).problems
    assert len(secret) == 1 and "s3cret" not in secret[0]
