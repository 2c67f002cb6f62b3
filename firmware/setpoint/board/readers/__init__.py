"""Card readers: pn532.py (I2C), mfrc522.py (SPI). polling.py turns a chip into cards at the
station.

A chip has `async start()`, which sets it up, and `async uid()`, which answers the UID of the card
in the field as bytes, or None. Both raise ReaderError or OSError when the chip does not do as it
should."""


class ReaderError(Exception):
    """The text is a sentence for the log."""
