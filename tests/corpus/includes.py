"""One pipeline inside another, in each of its three forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from corpus.case import Failure, Recorder, case, log
from corpus.steps import boom, flow, reads, source, total
from synaflow import PipelineDef, StepStatus, include, step

OK, FAILED, SKIPPED = StepStatus.OK, StepStatus.FAILED, StepStatus.SKIPPED


class Rows(NamedTuple):
    rows: Iterator[int]
    factor: int = 2


def _billing(rec: Recorder) -> PipelineDef:
    """Scales its rows and adds them up."""

    def scaled(rows: Iterator[int], factor: int) -> Iterator[int]:
        for row in rows:
            rec("scaled", row)
            yield row * factor

    def added(scaled: Iterator[int]) -> int:
        return sum(scaled)

    return flow(scaled, added, params=Rows, name="billing")


@case(values={"report": "owed 12"}, statuses=dict.fromkeys(("rows", "billing__scaled", "billing__added", "report"), OK))
def include_by_name(rec: Recorder) -> PipelineDef:
    """Without `fn` the fields are wired like parameters: `rows` by name, `factor` by its default. (0 + 1 + 2 + 3) * 2."""

    def report(billing: int) -> str:
        return f"owed {billing}"

    return flow(step("rows", fn=source(rec, "rows", 4)), include("billing", pipeline=_billing(rec)), report)


@case(values={"billing": 12, "a": 6}, events=log("rows0 scaled0 a0 rows1 scaled1 a1 rows2 scaled2 a2 rows3 scaled3 a3"))
def include_in_lockstep(rec: Recorder) -> PipelineDef:
    """The included steps are steps of the outer pipeline: they stand where the include is listed, in lockstep."""
    return flow(
        step("rows", fn=source(rec, "rows", 4)),
        include("billing", pipeline=_billing(rec)),
        reads("a", total(rec, "a"), "rows"),
    )


class Outer(NamedTuple):
    factor: int = 10


@case(values={"billing": 60})
def include_takes_an_outer_field(rec: Recorder) -> PipelineDef:
    """A field that is there by name goes before the default."""
    return flow(step("rows", fn=source(rec, "rows", 4)), include("billing", pipeline=_billing(rec)), params=Outer)


@case(values={"seen": [0, 2, 4], "billing": 6}, options={"outputs": ["seen", "billing"]})
def include_seen_inside(rec: Recorder) -> PipelineDef:
    """Outer steps may name an inner one."""

    def seen(xs: Iterator[int]) -> list[int]:
        return list(xs)

    return flow(
        step("rows", fn=source(rec, "rows", 3)),
        include("billing", pipeline=_billing(rec)),
        reads("seen", seen, "billing__scaled"),
    )


@case(values={"both": 6 + 60})
def include_twice(rec: Recorder) -> PipelineDef:
    """One pipeline, included twice, with different producers: 2 * (0 + 1 + 2) and 2 * (0 + 10 + 20)."""

    def both(first: int, second: int) -> int:
        return first + second

    billing = _billing(rec)
    return flow(
        step("s", fn=source(rec, "s", 3)),
        step("r", fn=source(rec, "r", (0, 10, 20))),
        include("first", pipeline=billing, inputs={"rows": "s"}),
        include("second", pipeline=billing, inputs={"rows": "r"}),
        both,
    )


@case(values={"first": 6, "second": 6}, closings={"s": 1})
def include_twice_at_a_fork(rec: Recorder) -> PipelineDef:
    """The same with one producer: a fork."""
    billing = _billing(rec)
    return flow(
        step("s", fn=source(rec, "s", 3)),
        include("first", pipeline=billing, inputs={"rows": "s"}),
        include("second", pipeline=billing, inputs={"rows": "s"}),
    )


class Account(NamedTuple):
    name: str
    amounts: list[int]


class Order(NamedTuple):
    account: Account
    rate: int


def _account(rec: Recorder) -> PipelineDef:
    """Adds up one account."""

    def owed(name: str, amounts: Iterator[int]) -> str:
        rec("owed", len(name))
        return f"{name}: {sum(amounts)}"

    return flow(owed, params=Account, name="account")


@case(
    values={"report": "<a: 3>"},
    statuses=dict.fromkeys(("billing__params", "billing__owed", "report"), OK),
)
def include_by_function(rec: Recorder) -> PipelineDef:
    """With an `fn` that returns one params value, that is the step `billing__params`."""

    def make() -> Account:
        return Account("a", [1, 2])

    def report(billing: str) -> str:
        return f"<{billing}>"

    return flow(include("billing", pipeline=_account(rec), fn=make), report)


class Wanted(NamedTuple):
    n: int


@case(
    params=lambda: Wanted(3),
    values={"billing": ["a: 0", "aa: 1", "aaa: 3"]},
    options={"outputs": ["billing"]},
    counts={"billing": (..., 3)},
)
def include_per_item_of_a_stream(rec: Recorder) -> PipelineDef:
    """With an `fn` that returns a stream of params, `billing` is one each step that runs the pipeline per item."""

    def accounts(n: int) -> Iterator[Account]:
        for size in range(1, n + 1):
            yield Account("a" * size, list(range(size)))

    return flow(include("billing", pipeline=_account(rec), fn=accounts), params=Wanted)


@case(
    values={"joined": "a: 1, b: 5"},
    events=log("owed1 owed1"),
)
def include_per_item_of_a_list(rec: Recorder) -> PipelineDef:
    """A list of params will do."""

    def accounts() -> list[Account]:
        return [Account("a", [1]), Account("b", [2, 3])]

    def joined(billing: Iterator[str]) -> str:
        return ", ".join(billing)

    return flow(include("billing", pipeline=_account(rec), fn=accounts), joined)


@case(values={"billing": [0, 0, 1, 0, 1, 2]}, options={"outputs": ["billing"]}, counts={"billing": (..., 6)})
def include_per_item_flattens(rec: Recorder) -> PipelineDef:
    """What it exports is a stream, so it is flattened."""

    def counted(n: int) -> Iterator[int]:
        yield from range(n)

    def counts() -> Iterator[Wanted]:
        yield from (Wanted(1), Wanted(2), Wanted(3))

    return flow(include("billing", pipeline=flow(counted, params=Wanted, name="sub"), fn=counts))


@case(
    values={"outer": 10 * 12 + 1}, statuses=dict.fromkeys(("rows", "mid__billing__scaled", "mid__billing__added"), OK)
)
def include_nested(rec: Recorder) -> PipelineDef:
    """Inclusion nests: `mid` includes `billing`. 2 * (0 + 1 + 2 + 3) * 10 + 1."""

    class MidParams(NamedTuple):
        rows: Iterator[int]

    def tenfold(billing: int) -> int:
        return billing * 10

    mid = flow(include("billing", pipeline=_billing(rec)), tenfold, params=MidParams, name="mid")

    def outer(mid: int) -> int:
        return mid + 1

    return flow(step("rows", fn=source(rec, "rows", 4)), include("mid", pipeline=mid), outer)


@case(values={"sub__noted": None, "report": [0, 3]})
def include_exports_what_it_says(rec: Recorder) -> PipelineDef:
    """Two terminal steps: `exports` says which one the outer pipeline sees; the other is one of its terminal steps."""

    def tripled(rows: Iterator[int], factor: int) -> Iterator[int]:
        for row in rows:
            yield row * 3

    def noted(tripled: Iterator[int]) -> None:
        for row in tripled:
            rec("noted", row)

    def report(sub: Iterator[int]) -> list[int]:
        return list(sub)

    sub = flow(tripled, noted, params=Rows, name="sub", exports="tripled")
    return flow(step("rows", fn=source(rec, "rows", 2)), include("sub", pipeline=sub), report)


@case(
    values={"other": 1},
    errors=(Failure("billing__scaled", ValueError),),
    statuses={"rows": OK, "billing__scaled": FAILED, "billing__added": OK, "other": OK},
)
def an_included_step_continues(rec: Recorder) -> PipelineDef:
    """The included steps keep their own policy, and are named as steps of the outer pipeline. It had 0, then failed at 1."""

    def scaled(rows: Iterator[int], factor: int) -> Iterator[int]:
        for row in rows:
            if row == 1:
                raise boom(rec)
            yield row * factor

    def added(scaled: Iterator[int]) -> int:
        return sum(scaled)

    def other(billing: int) -> int:
        return billing + 1

    sub = flow(step("scaled", fn=scaled, on_error="continue"), added, params=Rows, name="billing")
    return flow(step("rows", fn=source(rec, "rows", 4)), include("billing", pipeline=sub), other)


@case(error=Failure("billing__scaled", ValueError), statuses={"billing__scaled": FAILED}, closings={"rows": 1})
def an_included_step_fails(rec: Recorder) -> PipelineDef:
    """With `stop` the error names the included step by its outer name."""

    def scaled(rows: Iterator[int], factor: int) -> Iterator[int]:
        for row in rows:
            if row == 1:
                raise boom(rec)
            yield row * factor

    sub = flow(scaled, params=Rows, name="billing")
    return flow(step("rows", fn=source(rec, "rows", 4)), include("billing", pipeline=sub))


def _per_item_fails(name: str, on_error: str) -> None:
    class One(NamedTuple):
        x: int

    kept = {"values": {"billing": [0, 4]}, "ok": False, "dropped": {"billing": 1}}
    lost = {"error": Failure("billing", None, 1, own=False), "statuses": {"billing": FAILED}}

    @case(
        name=name,
        options={"outputs": ["billing"]},
        letters=(("billing", 1, {"billing__params": One(1)}),) if on_error == "continue" else (),
        **(kept if on_error == "continue" else lost),
    )
    def build(rec: Recorder) -> PipelineDef:
        """A run of the sub-pipeline that fails is the failure of that item."""

        def doubled(x: int) -> int:
            if x == 1:
                raise boom(rec)
            return 2 * x

        def ones() -> Iterator[One]:
            yield from (One(0), One(1), One(2))

        sub = flow(doubled, params=One, name="sub")
        return flow(include("billing", pipeline=sub, fn=ones, on_error=on_error))  # type: ignore[arg-type]


_per_item_fails("a_run_per_item_fails", "stop")
_per_item_fails("a_run_per_item_is_dropped", "continue")
