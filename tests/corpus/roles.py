"""One pipeline with a step in every role, and an error in each of them in turn, under both policies.

s ──┬── t ── b          t transforms, a and b are sinks, e is an each step,
    ├── a ── v          l asks for a list, v takes a's value
    ├── e
    └── l
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from corpus.case import Failure, Recorder, case
from corpus.steps import boom, flow
from synaflow import PipelineDef, StepStatus, step

OK, FAILED, SKIPPED = StepStatus.OK, StepStatus.FAILED, StepStatus.SKIPPED
CANCELLED = StepStatus.CANCELLED

AT = 2
"""The item, of 0 to 3, that the failing step fails at."""


def build(rec: Recorder, failing: str = "", on_error: str = "stop", error: str = "error", at: int = AT) -> PipelineDef:
    """The pipeline, with `failing` raising at item `at`."""

    def fail(name: str, item: int = at) -> None:
        if name == failing and item == at:
            raise rec.error(KeyboardInterrupt()) if error == "interrupt" else boom(rec)

    def s() -> Iterator[int]:
        try:
            for x in range(4):
                fail("s", x)
                rec("s", x)
                yield x
        finally:
            rec.closed("s")

    def t(s: Iterator[int]) -> Iterator[int]:
        try:
            for x in s:
                rec("t", x)
                fail("t", x)
                yield x
        finally:
            rec.closed("t")

    def b(t: Iterator[int]) -> int:
        try:
            value = 0
            for x in t:
                rec("b", x)
                fail("b", x)
                value += x
            return value
        finally:
            rec.closed("b")

    def a(s: Iterator[int]) -> int:
        try:
            value = 0
            for x in s:
                rec("a", x)
                fail("a", x)
                value += x
            return value
        finally:
            rec.closed("a")

    def e(s: int) -> int:
        try:
            rec("e", s)
            fail("e", s)
            return s
        finally:
            rec.closed("e")

    def l(s: list[int]) -> int:  # noqa: E743
        fail("l")
        return sum(s)

    def v(a: int) -> int:
        fail("v")
        return a + 1

    steps = dict(s=s, t=t, b=b, a=a, e=e, l=l, v=v)
    return flow(
        *(step(n, fn=fn, on_error=on_error if n == failing else "stop") for n, fn in steps.items())  # type: ignore[arg-type]
    )


VALUES: Mapping[str, int] = {"b": 6, "l": 6, "v": 7}


@case(
    values=VALUES,
    closings={"s": 1, "t": 1, "a": 1, "b": 1, "e": 4},
    counts={"s": (..., 4), "e": (4, 4), "l": (4, None), "a": (4, None)},
)
def every_role_fine(rec: Recorder) -> PipelineDef:
    """The pipeline without an error."""
    return build(rec)


ONE_EACH = {"s": 1, "t": 1, "a": 1, "b": 1}
CONSUMERS_FIRST = (("b", "s"), ("t", "s"), ("a", "s"))
"""The order in which the generators of a run that was stopped are closed. `b` waits inside `t`: what stops it passes
through `t` first, as in any chain of generators."""

_STOPPED: dict[str, tuple[int | None, tuple[tuple[str, str], ...], Mapping[str, StepStatus]]] = {
    # The failing step's own `finally` runs as its error leaves it, so before its consumers'.
    "s": (AT, (), dict.fromkeys("tbaelv", CANCELLED)),
    "t": (..., (("t", "s"), ("a", "s")), {"b": CANCELLED}),  # type: ignore[dict-item]
    "b": (..., (*CONSUMERS_FIRST, ("b", "t")), {}),  # type: ignore[dict-item]
    "a": (..., (*CONSUMERS_FIRST, ("a", "b")), {"v": CANCELLED}),  # type: ignore[dict-item]
    "e": (AT, CONSUMERS_FIRST, {}),
    # `l` is called when the stream has ended, and A with it.
    "l": (None, (), {"s": OK, "t": OK, "e": OK}),
    "v": (None, (), {"s": OK, "t": OK, "a": OK, "e": OK}),
}


def _stop(role: str) -> None:
    index, order, statuses = _STOPPED[role]

    @case(
        name=f"error_in_{role}_stops",
        error=Failure(role, ValueError, index, "boom"),
        statuses={role: FAILED, **statuses},
        closings=ONE_EACH,
        closed_before=order,
    )
    def stopped(rec: Recorder) -> PipelineDef:
        """The error leaves `run` as a `StepError`, after every `finally`, consumers first."""
        return build(rec, role)


def _interrupt(role: str, on_error: str) -> None:
    _, order, _ = _STOPPED[role]

    @case(
        name=f"interrupt_in_{role}_{on_error}",
        raises=KeyboardInterrupt,
        raised_by=role,
        closings=ONE_EACH,
        closed_before=order,
    )
    def interrupted(rec: Recorder) -> PipelineDef:
        """Ctrl-C leaves `run` as itself, whatever the policy, after every `finally`."""
        return build(rec, role, on_error, "interrupt")


_CONTINUED: dict[str, tuple[Mapping[str, int], Mapping[str, StepStatus]]] = {
    # A stream ends with what it had: 0 and 1.
    "s": ({"b": 1, "l": 1, "v": 2}, {"a": OK, "b": OK, "t": OK, "e": OK, "l": OK, "v": OK}),
    "t": ({**VALUES, "b": 1}, {"s": OK, "b": OK, "a": OK, "e": OK, "l": OK, "v": OK}),
    # A value counts as failed, what depends on it as skipped; the others go on.
    "b": ({"l": 6, "v": 7}, {"s": OK, "t": OK, "a": OK, "e": OK, "l": OK, "v": OK}),
    "a": ({"b": 6, "l": 6}, {"s": OK, "t": OK, "b": OK, "e": OK, "l": OK, "v": SKIPPED}),
    "l": ({"b": 6, "v": 7}, {"s": OK, "t": OK, "b": OK, "a": OK, "e": OK, "v": OK}),
    "v": ({"b": 6, "l": 6}, {"s": OK, "t": OK, "b": OK, "a": OK, "e": OK, "l": OK}),
}


def _continue(role: str) -> None:
    values, statuses = _CONTINUED[role]

    @case(
        name=f"error_in_{role}_continues",
        values=values,
        errors=(Failure(role, ValueError, _STOPPED[role][0], "boom"),),
        statuses={role: FAILED, **statuses},
        closings=ONE_EACH,
    )
    def continued(rec: Recorder) -> PipelineDef:
        """With `on_error="continue"` the rest goes on."""
        return build(rec, role, "continue")


for _role in _STOPPED:
    _stop(_role)
    _interrupt(_role, "stop")
    _interrupt(_role, "continue")
for _role in _CONTINUED:
    _continue(_role)


@case(
    values=VALUES,
    ok=False,
    letters=(("e", AT, {"s": AT}),),
    dropped={"e": 1},
    counts={"e": (4, 3)},
    statuses=dict.fromkeys("stbalv", OK),
    closings={**ONE_EACH, "e": 4},
)
def error_in_e_continues(rec: Recorder) -> PipelineDef:
    """An each step drops the item and goes on; the item is in the result, with its index and its error."""
    return build(rec, "e", "continue")


def _first(role: str, index: int | None) -> None:
    @case(
        name=f"error_in_{role}_at_the_first_item",
        error=Failure(role, ValueError, index, "boom"),
        statuses={role: FAILED},
        closings={"s": 1},
    )
    def stopped(rec: Recorder) -> PipelineDef:
        """The very first item may be the one that fails."""
        return build(rec, role, at=0)


_first("s", 0)
_first("t", ...)  # type: ignore[arg-type]
_first("a", ...)  # type: ignore[arg-type]
_first("b", ...)  # type: ignore[arg-type]
_first("e", 0)


@case(
    values={"b": 0, "l": 0, "v": 1},
    errors=(Failure("s", ValueError, 0, "boom"),),
    statuses={"s": FAILED, **dict.fromkeys("tbaelv", OK)},
)
def a_source_that_gives_nothing_and_continues(rec: Recorder) -> PipelineDef:
    """What it had is nothing: an empty stream."""
    return build(rec, "s", "continue", at=0)
