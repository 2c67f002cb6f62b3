"""How far set-up mode has come; the page and Improv tell it, too."""

WAITING, TRYING, DONE, FAILED = "waiting", "trying", "done", "failed"
