"""The app at a board's end."""


class NotingApp:
    """Stands in for setpoint.app.App: `told` holds what the board logs and reports, in order."""

    def __init__(self):
        self.told = []

    def log(self, level, area, sentence):
        self.told.append((level, area, sentence))

    def on_network(self):
        self.told.append("network")

    def on_press(self, button):
        self.told.append("press " + button)

    def on_dim(self, dims):
        self.told.append("dim" if dims else "no dim")

    def on_card(self, id_tag, connectors):
        self.told.append((id_tag, connectors))

    def on_fault(self, *fault):
        self.told.append(fault)
