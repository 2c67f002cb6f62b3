"""Accepts connections to the set-up page, by the rules of page/listening.py."""

from ..page.listening import Listening


class Guests(Listening):
    def __init__(self, mode) -> None:
        """mode: mode.py's SetUp."""
        Listening.__init__(self, mode.way, mode.clock, mode.log)
        self._mode = mode

    def load(self) -> tuple:
        from ..page.exchange import Exchange
        from .serving import serve

        return Exchange, lambda exchange: serve(self._mode, exchange)
