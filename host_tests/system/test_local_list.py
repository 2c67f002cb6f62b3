"""A list of cards from the central system's message to a charge without it."""

LONGEST = "2030-01-01T00:00:00.000+00:00"


def card(number, status="Accepted"):
    """One whose text is as long as it gets."""
    info = {"status": status, "expiryDate": LONGEST, "parentIdTag": "GROUP%015d" % number}
    return {"idTag": "CARD%016d" % number, "idTagInfo": info}


def send(central, kind, version, cards):
    payload = {"listVersion": version, "updateType": kind, "localAuthorizationList": cards}
    return central.call("SendLocalList", payload, 20)["status"]


def send_all(central, count):
    """Sends so many cards, as many at once as the station takes. Returns the version of the
    list."""
    asked = central.call("GetConfiguration", {"key": ["SendLocalListMaxLength"]})
    most = int(asked["configurationKey"][0]["value"])
    version = 0
    for first in range(0, count, most):
        version += 1
        cards = [card(number) for number in range(first, min(first + most, count))]
        assert send(central, "Differential" if first else "Full", version, cards) == "Accepted"
    return version


def version_of(central):
    return central.call("GetLocalListVersion")["listVersion"]


def swiped(station, number):
    """Shows a card whose charge begins, and ends it."""
    tag = "card%016d" % number
    station.cmd("swipe", tag=tag)
    station.wait_until(
        lambda state: (state["connectors"][0]["transaction"] or {}).get("id_tag") == tag
    )
    station.cmd("swipe", tag=tag)
    station.wait_until(lambda state: state["connectors"][0]["transaction"] is None)


def test_five_hundred_cards_are_kept_and_charge_without_the_central_system(start_station, central):
    station = start_station()
    station.wait_until(lambda state: state["registered"])
    assert version_of(central) == 0
    version = send_all(central, 500)
    blocked = [card(7, "Blocked"), {"idTag": card(8)["idTag"]}]
    assert send(central, "Differential", version + 1, blocked) == "Accepted"
    assert send(central, "Differential", version + 1, [card(8)]) == "VersionMismatch"
    assert send(central, "Differential", version + 2, [card(8), card(500)]) == "Failed"
    assert version_of(central) == version + 1
    station.kill()
    station.start()
    station.wait_until(lambda state: state["registered"])
    assert version_of(central) == version + 1
    station.cmd("plug_in", connector=1, amps=16, phases=3)
    station.cmd("link", up=False)
    station.wait_until(lambda state: not state["connected"])
    for number in (7, 8, 500):
        station.cmd("swipe", tag="CARD%016d" % number)
    for number in (0, 249, 499):
        swiped(station, number)
    assert len([line for line in station.log if "card refused" in line]) == 3
    station.cmd("link", up=True)
    station.wait_until(lambda state: state["registered"] and state["connected"])
    for number in (0, 249, 499):
        tag = "card%016d" % number
        central.wait_for("StopTransaction", lambda payload: payload.get("idTag") == tag)


def test_a_card_that_the_central_system_refuses_against_its_list_is_told_as_a_conflict(
    start_station, central
):
    station = start_station(keys={"LocalPreAuthorize": "true"})
    station.wait_until(lambda state: state["registered"])
    assert send(central, "Full", 1, [card(1)]) == "Accepted"
    refusal = {"transactionId": 9, "idTagInfo": {"status": "Blocked"}}
    central.answers["StartTransaction"] = lambda payload: refusal
    station.cmd("plug_in", connector=1, amps=16, phases=3)
    station.cmd("swipe", tag=card(1)["idTag"])
    told = central.wait_for(
        "StatusNotification", lambda payload: payload["errorCode"] == "LocalListConflict"
    )
    assert told.payload["connectorId"] == 0 and not central.seen("Authorize")
    assert central.wait_for("StopTransaction").payload["reason"] == "DeAuthorized"
    seen = len(central.messages)
    assert send(central, "Differential", 2, [card(1, "Blocked")]) == "Accepted"
    central.wait_for(
        "StatusNotification",
        lambda payload: (payload["connectorId"], payload["errorCode"]) == (0, "NoError"),
        since=seen,
    )
