"""What an event brought in is forgotten after it: what is asked for a few times a day need not stay in
memory all day.

On a chip the code of a module lies in flash, but an import costs heap for its functions, names and
classes. So the modules named here are imported inside the functions that need them, and dropped
after each event; what runs keeps what it uses. Rules:

1. Such a module keeps nothing between two calls.
2. It defines no exception that somebody outside it and what it imports catches: the next import
makes another one of that name."""

import sys

# Most of them take 200 to 700 bytes, frozen: what takes part in every charge or in every message
# stays.
SELDOM = (
    "setpoint.log_ring",
    "setpoint.wear",
    "setpoint.fault_reports",
    "setpoint.pilot.fault_words",
    "setpoint.state_line",
    "setpoint.surplus_limit",
    "setpoint.house.surplus",
    "setpoint.dim_log",
    "setpoint.inspection",
    "setpoint.schedule.stored",
    "setpoint.schedule.checks",
    "setpoint.schedule.composite",
    "setpoint.schedule.plan",
    "setpoint.schedule.zone",
    "setpoint.charging.weekly_plan",
    "setpoint.charging.random_delay",
    "setpoint.charging.dimming",
    "setpoint.charging.plan_lines",
    "setpoint.sessions.cache",
    "setpoint.sessions.cards",
    "setpoint.sessions.local_list",
    "setpoint.store.records",
    "setpoint.store.ring",
    "setpoint.sessions.reservations",
    "setpoint.station.keys",
    "setpoint.station.credentials",
    "setpoint.station.restart",
    "setpoint.station.long_work",
    "setpoint.station.seldom",
    "setpoint.station.signing",
    "setpoint.station.signed_update",
    "setpoint.station.update",
    "setpoint.station.upload",
    "setpoint.messaging.losses",
    "setpoint.messaging.security_events",
    "setpoint.station.answers.cancelreservation",
    "setpoint.station.answers.certificatesigned",
    "setpoint.station.answers.changeavailability",
    "setpoint.station.answers.changeconfiguration",
    "setpoint.station.answers.clearcache",
    "setpoint.station.answers.datatransfer",
    "setpoint.station.answers.deletecertificate",
    "setpoint.station.answers.extendedtriggermessage",
    "setpoint.station.answers.getconfiguration",
    "setpoint.station.answers.getinstalledcertificateids",
    "setpoint.station.answers.installcertificate",
    "setpoint.station.answers.getdiagnostics",
    "setpoint.station.answers.getlog",
    "setpoint.station.answers.getlocallistversion",
    "setpoint.station.answers.remotestarttransaction",
    "setpoint.station.answers.remotestoptransaction",
    "setpoint.station.answers.reservenow",
    "setpoint.station.answers.reset",
    "setpoint.station.answers.sendlocallist",
    "setpoint.station.answers.signedupdatefirmware",
    "setpoint.station.answers.triggermessage",
    "setpoint.station.answers.unlockconnector",
    "setpoint.station.answers.updatefirmware",
    "setpoint.station.answers",
    # certificates
    "setpoint.work",
    "setpoint.certificates.signatures",
    "setpoint.certificates.hash_data",
    "setpoint.certificates.hashes",
    "setpoint.certificates.rsa",
    "setpoint.certificates.ecdsa",
    "setpoint.certificates.own",
    "setpoint.certificates.public",
    "setpoint.certificates.roots",
    "setpoint.certificates.x509",
    "setpoint.certificates.pem",
    "setpoint.certificates.der",
    "setpoint.certificates",
    # to connect
    "setpoint.link.connecting",
    "setpoint.link.secure",
    "setpoint.protocol.handshake",
    "setpoint.protocol.urls",
    "setpoint.board.resolver",
    "setpoint.protocol.dns",
    # for the time
    "setpoint.network_time",
    "setpoint.board.time_server",
    "setpoint.protocol.sntp",
    # for files
    "setpoint.transfers",
    "setpoint.diagnostics",
    "setpoint.link.ftp",
    "setpoint.link.http",
    "setpoint.link.pouring",
    "setpoint.protocol.http",
    "setpoint.protocol.firmware_file",
    "setpoint.update.work",
    "setpoint.update.places",
    "setpoint.update.slot",
    "setpoint.update.folder",
    "setpoint.update.download",
    "setpoint.update",
    "setpoint.board.esp32.slot",
    "setpoint.board.simulated.slots",
    # for the page
    "setpoint.page.page",
    "setpoint.page.opening",
    "setpoint.page.guests",
    "setpoint.page.listening",
    "setpoint.page.serving",
    "setpoint.page.exchange",
    "setpoint.page.access",
    "setpoint.page.state",
    "setpoint.page.reasons",
    "setpoint.page.curves",
    "setpoint.page.bounds",
    "setpoint.page.owner",
    "setpoint.page.actions",
    "setpoint.page.texts",
    "setpoint.page.cards",
    "setpoint.page.sessions",
    "setpoint.page.install",
    "setpoint.page.document",
    "setpoint.page",
    "setpoint.protocol.http_request",
    "setpoint.board.listener",
    "setpoint.board.esp32.door",
    "setpoint.board.simulated.door",
    # in set-up mode
    "setpoint.setup.guests",
    "setpoint.setup.serving",
    "setpoint.setup.document",
    "setpoint.protocol.dns_server",
    # at the start
    "setpoint.board.esp32.set_up",
    "setpoint.board.esp32.access_point",
    "setpoint.board.simulated.set_up",
    "setpoint.board.simulated.access_point",
    "setpoint.house.rotation",
    "setpoint.board.meters.mains_table",
    "setpoint.board.esp32.description",
    "setpoint.board.identity",
    "setpoint.board.esp32.metering",
    "setpoint.board.esp32.modules",
    "setpoint.board.esp32.reader",
    "setpoint.board.simulated.start_file",
    "setpoint.board.simulated.misspelling",
    # at a bench
    "setpoint.board.simulated.commands",
    "setpoint.board.simulated.kinds",
)


def forget() -> None:
    """Drops those of them that are loaded. Call it between two events."""
    modules = sys.modules
    for name in SELDOM:
        if name in modules:
            package, _, leaf = name.rpartition(".")
            # Where the memory ended in an import there is the key alone, and `del` would raise
            # KeyError
            modules.pop(name, None)
            if hasattr(modules.get(package), leaf):
                delattr(modules[package], leaf)
