"""Starts that cross one another: several cards, remote starts and vehicles at once, and answers that are half right."""

from station_bench import Bench


def test_the_id_of_a_transaction_is_taken_from_an_answer_whose_rest_cannot_be_read():
    for info in ({"status": "Accepted", "expiryDate": ""}, {"status": "Accepted", "parentIdTag": "P" * 21}, {}, None):
        bench = Bench()
        bench.answers["StartTransaction"] = lambda payload: {"transactionId": 4711, "idTagInfo": info}
        bench.charge()
        bench.unplug()
        assert bench.actions("StopTransaction")[0]["transactionId"] == 4711, info


def test_a_start_whose_answer_has_no_id_is_told_by_its_stop():
    for number in ("4711", True, None, 1.5):
        bench = Bench()
        bench.answers["StartTransaction"] = lambda payload: {"transactionId": number, "idTagInfo": {"status": "Accepted"}}
        bench.charge()
        bench.unplug()
        assert bench.actions("StopTransaction")[0]["transactionId"] == -1, number


def test_a_card_that_is_refused_by_an_answer_whose_rest_cannot_be_read_is_refused():
    bench = Bench()
    bench.answers["StartTransaction"] = lambda payload: {"transactionId": 4711, "idTagInfo": {"status": "Blocked", "expiryDate": ""}}
    bench.plug()
    bench.card()
    stop = bench.actions("StopTransaction")[0]
    assert (stop["transactionId"], stop["reason"]) == (4711, "DeAuthorized")
