"""The options that say how a step is called: several calls at once, in a thread, not longer than so many seconds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from synaflow._check.params import spell_value
from synaflow._check.problems import quoted
from synaflow._model import EdgeKind

if TYPE_CHECKING:
    from synaflow._check.nodes import Node, Plan
    from synaflow._declare.step import Step

__all__ = ["check_calls", "read_calls"]


def read_calls(plan: Plan, node: Node, item: Step) -> None:
    """Takes the options into the node, those that say something; the others are problems."""
    given: dict[str, object] = {
        "max_in_flight": item.max_in_flight,
        "concurrency": item.concurrency,
        "ordered": item.ordered,
        "timeout": item.timeout,
        "thread": item.thread,
    }
    for option, value in given.items():
        wanted = _wrong(option, value)
        if wanted is None:
            setattr(node, option, value)
        else:
            plan.complain(node.about, "invalid-option", f"{option} must be {wanted}, not {spell_value(value)}")


def _wrong(option: str, value: object) -> str | None:
    """What an option has to be, where it isn't."""
    if option in ("ordered", "thread"):
        return None if isinstance(value, bool) else "True or False"
    if option == "timeout":
        seconds = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
        return None if value is None or seconds else "a number of seconds above 0, or None"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return None
    if option == "max_in_flight":
        return None if value is None else "a whole number from 1 up, or None"
    return "a whole number from 1 up"


def check_calls(plan: Plan, node: Node) -> None:
    """Adds a problem for every one of these options that can't mean anything at this step."""
    if node.settled is not None:
        return
    if node.done and not node.each:
        if node.concurrency > 1:
            reason = f"concurrency={node.concurrency} is about its calls for one item each, and it is called once"
            _impossible(plan, node, reason, "let a parameter ask for one item, or leave concurrency= out")
        elif not node.ordered:
            _impossible(plan, node, "ordered=False is about its calls for one item each, and it is called once")
    elif node.each and not node.ordered and node.concurrency == 1:
        _impossible(plan, node, "ordered=False, but with one call at a time its results come in order anyway")
    if node.timeout is not None and not node.is_async:
        reason = f"timeout={node.timeout}, but it is a plain function, which can't be interrupted"
        _impossible(plan, node, reason, "make it `async def`, or leave the limit to what it calls")
    if node.thread and node.is_async:
        _impossible(plan, node, "thread=True, but it is asynchronous, and so doesn't block", "leave thread= out")
    live = [edge.parameter for edge in node.edges if edge.kind is EdgeKind.STREAM]
    if node.thread and live:
        reason = f"thread=True, but {quoted(live)} {'is a live stream' if len(live) == 1 else 'are live streams'}, read in the run's own thread"
        mend = "put what blocks into a step of its own that takes one item, or all of them as a list"
        _impossible(plan, node, reason, mend)


def _impossible(plan: Plan, node: Node, reason: str, mend: str | None = None) -> None:
    plan.complain(node.about, "impossible-mode", reason, suggestion=mend)
