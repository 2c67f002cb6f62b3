"""The values of the configuration keys (OCPP 1.6 chapter 9). What the keys are stands in keys.py.

A key that is listed has its effect. Values that a central system wrote survive a restart; first
values come from the board or the table, in this order."""


class Settings:
    """The keys of one station. `first` overrides the table's first values."""

    def __init__(self, first: dict) -> None:
        from .keys import values_of

        # values: those that are used or differ from the table's; problems: sentences
        self.values, self.problems = values_of(first, "the first values")

    def start(self, stored: dict) -> None:
        """Takes in what a central system wrote."""
        from .keys import values_of

        values, problems = values_of(stored, "the stored values")
        self.values.update(values)
        self.problems += problems

    def __getitem__(self, name: str):
        value = self.values.get(name)
        if value is None:
            from .keys import first_value

            value = self.values[name] = first_value(name)
        return value

    def words(self, name: str) -> "list[str]":
        return self[name].split(",") if self[name] else []

    def adopt(self, name: str, value) -> None:
        """A new value, stored already, or for this run only (the heartbeat interval of
        BootNotification.conf)."""
        self.values[name] = value
