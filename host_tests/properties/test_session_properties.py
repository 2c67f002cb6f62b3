"""Whatever drivers, cables, networks and power do: every transaction arrives once, and nobody
charges who may not.

Hypothesis plays a station of two connectors, one with a lock, at a central system that answers late
or not at all. After every event:

 (a) energy is permitted only to a transaction without a fault, and a card that is always refused
 never has one; (b) a cable is free only while its contactor is open, and locked in while a
 transaction runs; (c) one CALL at a time is open, and every payload fits its official schema; (d)
 online, with nothing open, the central system has been told the status of every connector.

At the end, with the central system back: each StartTransaction it answered has one StopTransaction,
later, with a meter that did not go back, and nothing waits any more."""

import json
import os
from functools import lru_cache
from pathlib import Path

import jsonschema
import ocpp.v16
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from station_bench import NOON, StationBench
from store_in_ram import DocumentsInRam

from setpoint.protocol.iso8601 import text_from

SCHEMAS = Path(ocpp.v16.__file__).parent / "schemas"
PHASES = [Phase.explicit, Phase.reuse, Phase.generate] + (
    [Phase.shrink] if os.environ.get("SETPOINT_SHRINK") else []
)
CONNECTORS = st.sampled_from([1, 2])
TAGS = st.sampled_from(["MINE", "YOURS", "ALONE", "BAD"])  # the first two are of one group
FAULTS = st.sampled_from(["GroundFailure", "ConnectorLockFailure", "WeakSignal"])
PILOTS = st.sampled_from(
    [("B1", "B"), ("B2", "B"), ("C1", "C"), ("C2", "C"), ("C2S", "C"), ("A", "A"), ("F", "E")]
)
KEYS = st.sampled_from(
    [(name, value) for name in (
        "AuthorizationCacheEnabled", "LocalAuthorizeOffline", "LocalPreAuthorize", "StopTransactionOnEVSideDisconnect",
        "StopTransactionOnInvalidId", "UnlockConnectorOnEVSideDisconnect", "ResumeTransactionAfterPowerLoss", "FreeVendActive",
    ) for value in ("true", "false")]
    + [("MaxEnergyOnInvalidId", "0"), ("MaxEnergyOnInvalidId", "300"), ("StopTxnSampledData", "Energy.Active.Import.Register")]
)  # fmt: skip


@lru_cache(None)
def validator(action):
    return jsonschema.Draft4Validator(
        json.loads((SCHEMAS / (action + ".json")).read_text(encoding="utf-8-sig"))
    )


class Sessions(RuleBasedStateMachine):
    @initialize(charging=st.sampled_from([(), (1,), (1, 2)]))
    def begin(self, charging):
        self.memory = DocumentsInRam()
        self.started = {}  # transaction id: (connector, meterStart)
        self.log = []  # ("start" or "stop", transaction id), in the order of the answers
        self.verdict = "Accepted"  # of StartTransaction.conf
        self.wh = {1: 1000, 2: 1000}
        self.judged = 0
        self.bench = None
        self.power_up(0)
        for connector in charging:
            self.charge(connector, "MINE" if connector == 1 else "ALONE")

    def power_up(self, lost_s):
        now = NOON if self.bench is None else self.bench.now + lost_s
        keys = {
            "AuthorizeRemoteTxRequests": "true",
            "MeterValueSampleInterval": "120",
            "HeartbeatInterval": "86400",
        }
        bench = StationBench(
            connectors=2, keys=keys, memory=self.memory, now=now, register=False, locks=[1]
        )
        self.bench = bench
        self.judged = 0
        bench.wh = self.wh
        bench.answers["BootNotification"] = self._boot
        bench.answers["Authorize"] = lambda payload: {"idTagInfo": self._info(payload["idTag"])}
        bench.answers["StartTransaction"] = self._start
        bench.answers["StopTransaction"] = self._stop
        bench.connect()

    def _boot(self, payload):
        return {"status": "Accepted", "interval": 86400, "currentTime": text_from(self.bench.now)}

    def _info(self, tag):
        if tag == "BAD":
            return {"status": "Blocked"}
        return (
            {"status": "Accepted"}
            if tag == "ALONE"
            else {"status": "Accepted", "parentIdTag": "FAMILY"}
        )

    def _start(self, payload):
        transaction_id = len(self.started) + 1
        self.started[transaction_id] = (payload["connectorId"], payload["meterStart"])
        self.log.append(("start", transaction_id))
        return {
            "transactionId": transaction_id,
            "idTagInfo": dict(self._info(payload["idTag"]), status=self.verdict),
        }

    def _stop(self, payload):
        self.log.append(("stop", payload["transactionId"]))
        assert payload["meterStop"] >= self.started[payload["transactionId"]][1], payload
        return {}

    def running(self):
        return [c for c in self.bench.station.facts.connectors if c.transaction is not None]

    # -- what happens

    @rule(connector=CONNECTORS, tag=TAGS)
    def charge(self, connector, tag):
        self.pilot(connector, ("B1", "B"))
        self.bench.card(tag, [connector])
        self.pilot(connector, ("C2", "C"))

    @rule(connector=CONNECTORS, tag=TAGS)
    def charge_by_remote_start(self, connector, tag):
        self.remote_start(tag, connector)
        self.pilot(connector, ("B1", "B"))
        self.pilot(connector, ("C2", "C"))

    @rule()
    def all_is_well(self):
        for code in ("GroundFailure", "ConnectorLockFailure"):
            for connector in (0, 1, 2):
                self.fault(connector, code, False)
        self.availability(0, "Operative")
        self.bench.answer_all()
        self.link(True)

    @rule(connector=CONNECTORS, pilot=PILOTS)
    def pilot(self, connector, pilot):
        if pilot[0] in ("C2", "C2S") and not self.bench.permits.get(connector):
            return  # the control loop closes for nobody
        self.bench.pilot(connector, *pilot)

    @rule(connector=CONNECTORS, present=st.booleans())
    def cable(self, connector, present):
        if not present and self.bench.locks.get(connector):
            return
        self.bench.cable(connector, 320 if present else None)

    @rule(tag=TAGS, connectors=st.sampled_from([None, [1], [2]]))
    def card(self, tag, connectors):
        self.bench.card(tag, connectors)

    @rule(tag=TAGS, connector=st.sampled_from([None, 0, 1, 2]))
    def remote_start(self, tag, connector):
        request = {"idTag": tag}
        if connector is not None:
            request["connectorId"] = connector
        self.bench.ask("RemoteStartTransaction", request)

    @rule(connector=CONNECTORS)
    def remote_stop(self, connector):
        transaction = self.bench.station.facts.connector(connector).transaction
        if transaction is not None and transaction.id is not None:
            assert self.bench.ask("RemoteStopTransaction", {"transactionId": transaction.id}) == {
                "status": "Accepted"
            }

    @rule(connector=st.sampled_from([0, 1, 2]), kind=st.sampled_from(["Operative", "Inoperative"]))
    def availability(self, connector, kind):
        self.bench.ask("ChangeAvailability", {"connectorId": connector, "type": kind})

    @rule(connector=CONNECTORS)
    def unlock(self, connector):
        self.bench.ask("UnlockConnector", {"connectorId": connector})

    @rule(key=KEYS)
    def key(self, key):
        assert self.bench.ask("ChangeConfiguration", {"key": key[0], "value": key[1]}) == {
            "status": "Accepted"
        }

    @rule()
    def clear_cache(self):
        self.bench.ask("ClearCache", {})

    @rule(connector=st.sampled_from([0, 1, 2]), code=FAULTS, active=st.booleans())
    def fault(self, connector, code, active):
        self.bench.fault(code, active, connector)

    @rule(up=st.booleans())
    def link(self, up):
        if up != self.bench.station.facts.link_up:
            self.bench.unanswered.clear()
            (self.bench.connect if up else self.bench.disconnect)()

    @rule(really=st.booleans())
    def goes_silent(self, really):
        self.bench.silent = self.bench.silent or really

    @rule()
    def answers(self):
        self.bench.answer_all()

    @rule(verdict=st.sampled_from(["Accepted", "Accepted", "Invalid", "ConcurrentTx"]))
    def thinks_of_starts(self, verdict):
        self.verdict = verdict

    @rule(seconds=st.integers(1, 400), wh=st.integers(0, 500))
    def time_passes(self, seconds, wh):
        for connector in self.running():
            self.wh[connector.id] += wh
        self.bench.pass_time(seconds)
        open_calls = 0 if self.bench.station.calls.idle() else 1
        # The others timed out
        self.bench.unanswered = self.bench.unanswered[len(self.bench.unanswered) - open_calls :]

    @rule()
    def emergency_stop(self):
        self.bench.emergency_stop()
        assert self.running() == []

    @rule(lost_s=st.integers(1, 1000), really=st.integers(0, 3))
    def power_cut(self, lost_s, really):
        if really == 0:
            self.power_up(lost_s)

    # -- what holds

    @invariant()
    def nobody_charges_who_may_not(self):
        for connector in self.bench.station.facts.connectors:
            if self.bench.permits.get(connector.id):
                assert connector.transaction is not None
                assert not [f.code for f in connector.all_faults() if f.code != "WeakSignal"]
            if connector.transaction is not None:
                assert connector.transaction.id_tag != "BAD"

    @invariant()
    def a_cable_is_free_only_while_its_contactor_is_open(self):
        connector = self.bench.station.facts.connector(1)
        if not self.bench.locks[1]:
            assert connector.pilot not in ("C2", "C2S") and connector.transaction is None
        assert 2 not in self.bench.locks

    @invariant()
    def one_call_at_a_time_and_each_fits_its_schema(self):
        assert len(self.bench.unanswered) <= 1
        for action, payload in self.bench.sent[self.judged :]:
            validator(action).validate(payload)
        self.judged = len(self.bench.sent)

    @invariant()
    def the_central_system_knows_every_status(self):
        if (
            not self.bench.silent
            and self.bench.station.facts.online()
            and self.bench.station.calls.idle()
        ):
            for connector in self.bench.station.facts.connectors:
                assert self.bench.statuses(connector.id)[-1] == connector.status()

    def teardown(self):
        bench = self.bench
        self.verdict = "Accepted"
        bench.unanswered.clear()
        bench.silent = False
        bench.disconnect()
        bench.connect()
        bench.pass_time(120)
        for connector in self.running():
            bench.dispatch(bench.station.transactions.end, connector, "Other", None)
        bench.pass_time(120)
        assert len(bench.station.outbox) == 0
        for transaction_id in self.started:
            assert [kind for kind, other in self.log if other == transaction_id] == [
                "start",
                "stop",
            ], self.log


TestSessions = Sessions.TestCase
TestSessions.settings = settings(stateful_step_count=50, phases=PHASES)
