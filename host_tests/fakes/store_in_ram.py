"""What a station keeps in flash, in RAM: no file system, no checksums."""

import json


class JournalInRam:
    """Stands in for store.journal.Journal: one segment; `fails` makes every write raise."""

    def __init__(self):
        self.segments = []
        self.lines = []
        self.marked = []
        self.problems = []
        self.fails = False

    def read(self, segment, offset):
        return (self.lines[offset], 1, offset + 1) if offset < len(self.lines) else None

    def append(self, lines, owner):
        heading = [] if self.segments else [owner.heading()]
        self.changes()
        self.segments = [1]
        self.lines += heading + lines

    def drop_before(self, segment):
        pass

    def mark(self, text):
        self.changes()
        self.marked.append(text)

    def marks(self):
        return self.marked[-2:]

    def changes(self):
        """Raises where flash cannot be written."""
        if self.fails:
            raise OSError(28)


class RecordsInRam:
    """Stands in for store.records.Records; `damaged` makes it hold nothing that can be read."""

    def __init__(self, documents):
        self.documents = documents
        self.bodies, self.given = [], 0
        self.writes = 0
        self.damaged = False

    def _look(self):
        if self.damaged:
            raise ValueError("its end is damaged")

    def find(self, key):
        self._look()
        for body in self.bodies:
            if body[:20] == key:
                return body[20:]
        return None

    def number(self):
        self._look()
        return self.given if self.bodies else 0

    def holds(self, number, bodies):
        return not self.damaged and (self.given, self.bodies) == (number, bodies)

    def replace(self, number, most, changes, merge):
        assert changes == sorted(changes) and {len(change) for change in changes} <= {20, 45}
        found = {}
        if merge:
            self._look()
            found = {body[:20]: body for body in self.bodies}
        for change in changes:
            found[change[:20]] = change
        bodies = [found[key] for key in sorted(found) if len(found[key]) == 45]
        if len(bodies) > most:
            raise ValueError("there are more than %d" % most)
        self.documents.changes()
        self.bodies, self.given, self.damaged = bodies, number, False
        self.writes += 1
        return len(bodies)


class DocumentsInRam:
    """Stands in for store.documents.Documents, with records and a journal beside them; `fails`
    makes every write of either raise, `crowded`: the rest is the journal's."""

    def __init__(self):
        self.kept = {}
        self.sorted = {}
        self.journal = JournalInRam()
        self.problems = []
        self.writes = 0
        self.fails = False
        self.crowded = False

    def has_room(self):
        return not self.crowded

    def read(self, name, like=None, understand=None):
        if name not in self.kept:
            return like
        value = json.loads(self.kept[name])
        try:
            return value if understand is None else understand(value)
        except (ValueError, TypeError, LookupError):
            return like

    def records(self, name):
        return self.sorted.setdefault(name, RecordsInRam(self))

    def names(self):
        return sorted(self.kept)

    def write(self, name, value):
        text = json.dumps(value)
        assert json.loads(text) == value, (name, value)
        if self.kept.get(name) == text:
            return False
        self.changes()
        self.kept[name] = text
        self.writes += 1
        return True

    def remove(self, name):
        self.kept.pop(name, None)

    def changes(self):
        """Raises where flash cannot be written."""
        if self.fails:
            raise OSError(28)
