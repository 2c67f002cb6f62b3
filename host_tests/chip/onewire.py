"""`onewire` on the model in chip.py."""


class OneWire:
    def __init__(self, pin):
        self.pin = pin
