"""Random SendLocalLists, damage and restarts, against a dict that holds the same list in the
plainest way."""

import os
import tempfile

from hypothesis import event, example, given
from hypothesis import strategies as st
from station_bench import NOON, StationBench

from setpoint.protocol.iso8601 import text_from
from setpoint.sessions import local_list
from setpoint.store.documents import Documents

MOST_CARDS, MOST_SENT = 30, 12
LAST_DAY = text_from(NOON + 86400)

tags = st.one_of(
    st.sampled_from(["A", "a", "B", "AB", "aB", "A B", "~", " ", "0" * 20]),
    st.integers(0, 40).map(lambda number: "Card%02d" % number),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=20),
)
infos = st.fixed_dictionaries(
    {
        "status": st.sampled_from(
            ["Accepted"] * 3 + ["Blocked", "Expired", "Invalid", "ConcurrentTx"]
        )
    },
    optional={
        "parentIdTag": tags,
        "expiryDate": st.sampled_from(
            [LAST_DAY, "2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
        ),
    },
)
cards = st.lists(st.tuples(tags, st.one_of(st.none(), infos, infos, infos)), max_size=14)
many = st.integers(0, 40).map(
    lambda first: [("Card%02d" % (first + n), {"status": "Accepted"}) for n in range(MOST_SENT)]
)
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["Full", "Differential"]), st.integers(-1, 12), cards | many),
        st.tuples(st.just("Differential"), st.just(None), cards | many),
        st.tuples(st.just("look up"), st.just(0), tags),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
    ),
    max_size=12,
)


class Plain:
    """The list as a dict, by OCPP 1.6, 5.10 and 5.15."""

    def __init__(self):
        self.cards, self.version = {}, 0

    def change(self, kind, version, sent):
        if kind == "Differential" and version <= self.version:
            return "VersionMismatch"
        new = {} if kind == "Full" else dict(self.cards)
        named = [tag.lower() for tag, _ in sent]
        if len(set(named)) < len(named) or len(sent) > MOST_SENT:
            return "Failed"
        for tag, info in sent:
            if info is not None:
                new[tag.lower()] = info
            elif kind == "Full":
                return "Failed"
            else:
                new.pop(tag.lower(), None)
        if len(new) > MOST_CARDS or (version < 1 and sent):
            return "Failed"
        self.cards, self.version = new, version if new else 0
        return "Accepted"

    def look_up(self, tag, now):
        info = self.cards.get(tag.lower())
        if info is None:
            return None
        status = info["status"]
        if status == "Accepted" and "expiryDate" in info and info["expiryDate"] <= text_from(now):
            status = "Expired"
        return status, info["parentIdTag"].lower() if "parentIdTag" in info else None


def station(folder):
    keys = {"LocalAuthListMaxLength": MOST_CARDS, "SendLocalListMaxLength": MOST_SENT}
    return StationBench(memory=Documents(folder), keys=keys)


@given(steps)
@example([("Full", 1, [("A", {"status": "Accepted"})]), ("Full", 0, [])])
def test_the_list_is_what_a_dict_would_be_after_any_messages(steps):
    with tempfile.TemporaryDirectory() as folder:
        bench, plain = station(folder), Plain()
        for kind, version, what in steps:
            if kind == "look up":
                found = local_list.look_up(bench.station.facts, bench.memory, what)
                assert found == plain.look_up(what, bench.now)
            elif kind == "restart":
                bench = station(folder)
            else:
                if version is None:
                    version = plain.version + 1
                entries = [
                    {"idTag": tag, "idTagInfo": info} if info else {"idTag": tag}
                    for tag, info in what
                ]
                payload = {"updateType": kind, "listVersion": version}
                payload["localAuthorizationList"] = entries
                expected = plain.change(kind, version, what)
                event(kind + " " + expected)
                assert bench.ask("SendLocalList", payload) == {"status": expected}
            assert bench.ask("GetLocalListVersion", {}) == {"listVersion": plain.version}
            for tag in [tag for tag, _ in what] if type(what) is list else []:
                found = local_list.look_up(bench.station.facts, bench.memory, tag)
                assert found == plain.look_up(tag, bench.now)
        for now in (NOON, NOON + 86399, NOON + 86400):
            bench.station.facts.now = now
            for tag in list(plain.cards) + ["nobody"]:
                found = local_list.look_up(bench.station.facts, bench.memory, tag.upper())
                assert found == plain.look_up(tag, now)
        assert [name for name in os.listdir(folder) if name.endswith(".new")] == []
