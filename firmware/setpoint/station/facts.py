"""What is true at the event at hand: the time, the link, the connectors, the configuration.

Events record facts; the parts of the station read them in one pass afterwards. Facts know none of
the parts."""


class Credentials:
    """What the link shows to the central system. `now`: (security profile, AuthorizationKey or
    None, number of the station's own certificate; 0: the identity's). `before`: the same from
    before a change that is on trial, or None.

    `documents`: where certificates are kept. `provisioned()`: the DER of the authorities that came
    with the identity. `root`: the fingerprint of the one that vouched for the connection, None
    without TLS. `random(n)`: n bytes of a true source, for keys."""

    def __init__(self) -> None:
        self.now = (None, None, 0)
        self.before = None
        self.documents = None
        self.provisioned = tuple
        self.root = None
        self.random = None

    def own_numbers(self) -> tuple:
        """The numbers of the own certificates that are in use, or were before a trial."""
        return (self.now[2],) if self.before is None else (self.now[2], self.before[2])


class Facts:
    """settings: the configuration keys. supply: what feeds the connectors. log(level, sentence)."""

    # Where somebody wants to know: (transaction's number, connector, start, stop, Wh, reason, idTag)
    # of each that ended, and (connector, Wh) where the last reading showed more
    ended_sessions = None
    random_delay = None  # charging/random_delay.py, where RandomDelayMax is above 0
    reservations = None  # sessions/reservations.py, while there is one

    def __init__(self, settings, supply, charge_point, connectors: list, log) -> None:
        self.settings = settings
        self.supply = supply
        self.charge_point = charge_point  # connector 0
        self.connectors = connectors  # the others
        self.log = log
        self.now = None  # the instant; None: unknown
        self.into_second_ms = 0  # how far its second has gone
        self.up_ms = 0  # for timers
        self.ticks_ms = 0  # the network's time
        self.link_up = False
        self.accepted = False  # BootNotification was
        self.credentials = Credentials()
        self.limits_stale = True  # something that a limit depends on is another one
        self.effects = []  # what the app carries out after the pass (station.py)
        # To be sent: (instant or None, up_ms, type, info)
        self.security_events = []
        self.failed_writes = []  # sentences about flash, to be sent as security events

    def online(self) -> bool:
        """May anything be sent beside BootNotification?"""
        return self.link_up and self.accepted

    def connector(self, connector_id: int):
        """The connector with this id, from 1 on, or None."""
        for connector in self.connectors:
            if connector.id == connector_id:
                return connector
        return None

    def is_kept_from(self, connector, id_tag: str, parent: "str | None") -> bool:
        """Is the connector reserved for somebody else than this card?"""
        reservations = self.reservations
        return reservations is not None and reservations.bars(connector, id_tag, parent)

    def places(self) -> list:
        """Connector 0, and the others."""
        return [self.charge_point] + self.connectors

    def ms_at(self, instant: int) -> int:
        """The up-time at which an instant comes. Only while the time is known."""
        return self.up_ms + (instant - self.now) * 1000 - self.into_second_ms

    def storage_failed(self, sentence: str) -> None:
        """A write to flash failed (R7): the log and the central system learn of it."""
        self.log("error", sentence)
        self.failed_writes.append(sentence)
