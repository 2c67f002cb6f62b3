"""An energy register that the board itself counts. What was told is never taken back, whenever the power goes."""

_UNKEPT_WH = 100  # what a power cut may take at most while nobody reads the register


class Register:
    """memory: survives a power cut; `read()` -> Wh, `write(wh)`."""

    def __init__(self, memory) -> None:
        self._memory = memory
        self._kept_wh = memory.read()
        self.wh = self._kept_wh

    def count(self, wh: int) -> None:
        """The register stands at so much."""
        self.wh = wh
        if wh - self._kept_wh >= _UNKEPT_WH:
            self._keep()

    def told(self) -> int:
        """The register for somebody who will rely on it: kept before it is told."""
        if self.wh != self._kept_wh:
            self._keep()
        return self.wh

    def _keep(self) -> None:
        self._memory.write(self.wh)
        self._kept_wh = self.wh
