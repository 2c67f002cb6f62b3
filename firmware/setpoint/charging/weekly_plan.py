"""The station's own weekly plan (schedule/plan.py) in flash. Loaded when it is asked for (late.py).

Rule: a plan is in flash before it is in force. A write that fails leaves the old one in both."""

from ..schedule.plan import WeeklyPlan
from .plan_lines import document_of, lines_of

_NAME = "plan"


def load(facts, documents, installed) -> None:
    """What is in flash is in force."""
    installed.follow(
        documents.read(_NAME, None, lambda document: WeeklyPlan(document, facts.supply))
    )
    if installed.plan is None:
        facts.log("error", "the weekly plan cannot be read and is left out")


def lines(installed) -> "list[str]":
    """The plan that is in force, none: no lines."""
    return lines_of(installed.plan.to_document()) if installed.plan is not None else []


def change(facts, documents, installed, text: str) -> "str | None":
    """Follows the plan that these lines mean; no lines: none. Returns why not, or None."""
    plan = None
    if text.strip():
        try:
            plan = WeeklyPlan(document_of(text), facts.supply)
        except ValueError as error:
            return str(error)
    try:
        if plan is None:
            documents.remove(_NAME)
        else:
            documents.write(_NAME, plan.to_document())
    except OSError as error:
        facts.storage_failed("the weekly plan cannot be written: %s" % error)
        return "flash: %s" % error
    installed.follow(plan)
    facts.limits_stale = True
    facts.log("info", "a weekly plan is set" if plan is not None else "the weekly plan is cleared")
    return None
