"""GET /api/state: what the station does, and why. One connector is looked at in one go, and leaves
before the next."""

import json

from .. import __version__
from ..outputs import rests_ms
from ..units import tenths_text
from .bounds import next_change
from .reasons import instant, reason_of, truth


async def answer(app, exchange) -> None:
    await exchange.begin(200, "application/json")
    await exchange.write('{"station":{')
    await exchange.write(_who(app))
    await exchange.write(_how(app, exchange))
    await exchange.write('},"connectors":')
    before = "["
    for connector in app.station.facts.connectors:
        await exchange.write(before)
        await exchange.write(_connector(app, connector))
        await exchange.write(_limit(app, connector))
        await exchange.write(_session(app, connector))
        before = ","
    await exchange.write("]}")
    await exchange.end()


def _text(value) -> str:
    return json.dumps(value) if type(value) is str else "null"


def _who(app) -> str:
    identity = app.board.identity
    plan = app.station.profiles.plan
    return (
        '"name":%s,"model":%s,"serial":%s,"version":"%s","now":%s,"zone":%s,"up_s":%d,'
        '"central_system":"%s"'
        % (
            _text(identity["charge_point_id"] or identity["model"]),
            _text(identity["model"]),
            _text(identity["charge_box_serial"] or identity["charge_point_serial"]),
            __version__,
            instant(app.clock.now()),
            _text(None if plan is None else plan.zone.rule),
            app.clock.uptime_ms() // 1000,
            _central_system(app),
        )
    )


def _central_system(app) -> str:
    facts = app.station.facts
    status = app.station.registration.status
    if not app.board.identity["csms_url"]:
        return "none"
    if not facts.link_up or status is None:
        return "connecting"
    return "online" if status == "Accepted" else status.lower()


def _how(app, exchange) -> str:
    station = app.station
    dimming = station.dimming
    return (
        ',"needs_password":%s,"logged_in":%s,"free_vend":%s,"faults":%s,"dimmed":%s,"house":%s,'
        '"owner_a":%s,"restart":%s'
        % (
            truth(exchange.needs_password),
            truth(exchange.logged_in),
            truth(station.settings["FreeVendActive"]),
            _faults(station.facts.charge_point),
            "null" if dimming is None else truth(dimming.active),
            _house(app),
            _amps(station.limits.total_of("owner")),
            truth(station.restart is not None or station.facts.charge_point.updating),
        )
    )


def _amps(da: "int | None") -> str:
    return "null" if da is None else tenths_text(da)


def _list_of(currents_da) -> str:
    return "[" + ",".join([_amps(da) for da in currents_da]) + "]"


def _house(app) -> str:
    if app.house is None:
        return "null"
    return '{"phases_a":%s,"fresh":%s}' % (
        _list_of(app.board.mains.currents_da),
        truth(not app.house.limit.silent),
    )


def _faults(place) -> str:
    """Those of its own, not those of the whole charge point."""
    return (
        "["
        + ",".join(
            [
                '{"code":"%s","vendor_code":%s,"info":%s}'
                % (fault.code, _text(fault.vendor_code), _text(fault.info))
                for fault in place.faults
            ]
        )
        + "]"
    )


def _connector(app, connector) -> str:
    evse = app.control.evses[connector.id]
    outlet = evse.outlet
    closed = outlet.contactor_closed()
    return (
        '{"id":%d,"status":"%s","faults":%s,"plugged":%s,"offered_a":%s,"drawn_a":%s,"drawn_w":%d,'
        '"contactor":%s,"rests_s":%d,"phases":%d'
        % (
            connector.id,
            connector.status(),
            _faults(connector),
            truth(connector.plugged()),
            tenths_text(evse.offered_da()),
            _list_of(outlet.meter_currents_da()),
            outlet.meter_w(),
            truth(evse.sequence.contactor if closed is None else closed),
            (rests_ms(evse) + 999) // 1000,
            outlet.phases,
        )
    )


def _limit(app, connector) -> str:
    limit = app.station.limits.of[connector.id]
    now = app.clock.now()
    following = next_change(app.station, connector, now)
    return ',"limit":{"a":%s,"phases":%d,"source":%s,"why":%s,"reason":%s},"next":%s' % (
        tenths_text(limit.da),
        limit.phases,
        _text(limit.source),
        _text(limit.why(now)),
        reason_of(limit.source, limit.reason, now),
        "null"
        if following is None
        else '{"at":%s,"a":%s}' % (instant(following[0]), tenths_text(following[1])),
    )


def _session(app, connector) -> str:
    station = app.station
    transaction = connector.transaction
    session = "null"
    if transaction is not None:
        session = '{"id":%s,"id_tag":%s,"start":%s,"wh":%d}' % (
            "null" if transaction.id is None else str(transaction.id),
            _text(transaction.id_tag),
            instant(transaction.started),
            max(station.meters.reading(connector.id).wh - transaction.meter_start_wh, 0),
        )
    own_da = station.limits.cap_of(connector.id, "owner")
    paused = own_da == 0
    return ',"session":%s,"paused":%s,"owner_a":%s}' % (
        session,
        truth(paused),
        _amps(None if paused else own_da),
    )
