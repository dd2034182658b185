"""Writes down, line by line, all that happens in the corpus, in some random pipelines and in some that are refused.

Run as a script, in a process with a hash seed of its own, it prints the lines. Whatever a line depends on besides the code
(the address of an object, the time) is left out.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple, TextIO

from conformance.built import build
from conformance.plans import Halt, Journal, Plan
from conformance.runners import LocalRunner
from corpus import CASES, run_case
from synaflow import PipelineDef, RunResult, StepError, SynaflowError, bind_params, pipeline, run, step

__all__ = ["happenings"]

_TESTS = Path(__file__).parent.parent
_WATCHED = (str(_TESTS / "corpus"), str(_TESTS / "conformance" / "plans.py"))


def happenings(plans: Sequence[Plan]) -> Iterator[str]:
    """All lines: each begins with what it is about."""
    for case in CASES:
        if "1500" in case.name:
            continue  # as the same with 500, and longer than all the rest
        journal: list[str] = []
        with _watching(journal):
            outcome = run_case(LocalRunner(), case)
        lines = [*_described(outcome.pipeline), *journal, *map(_said, outcome.recorder.events)]
        lines += [*_resulted(outcome.result), *_failed(outcome.error), *outcome.warned]
        yield from (f"{case.name}: {line}" for line in lines)
    for number, plan in enumerate(plans):
        yield from (f"random pipeline {number}: {line}" for line in _planned(plan))
    for refuse in _REFUSED:
        try:
            refuse()
        except SynaflowError as error:
            yield from (f"{refuse.__name__}: {line}" for line in _failed(error))
        else:
            yield f"{refuse.__name__}: not refused"


def _planned(plan: Plan) -> Iterator[str]:
    journal: list[str] = []
    counted = Journal()
    built = build(plan, counted)
    yield from _described(built)
    result: RunResult | None = None
    error: BaseException | None = None
    with _watching(journal), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = run(built, plan.params(built), outputs=plan.outputs, spill_after=0 if plan.spill else None)
        except StepError as raised:
            error, result = raised, raised.result
        except Halt as raised:
            error = raised
    yield from journal
    yield from _resulted(result)
    yield from _failed(error)
    yield _said((dict(counted.started), dict(counted.finished)))


@contextmanager
def _watching(journal: list[str]) -> Iterator[None]:
    """Writes down whenever a function of a step's is entered or left: called, pulled, closed."""

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event in ("call", "return") and code.co_filename.startswith(_WATCHED):
            journal.append(f"{event} {code.co_qualname}, line {frame.f_lineno}")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)


def _described(built: PipelineDef) -> Iterator[str]:
    yield f"dict {json.dumps(built.to_dict())}"
    yield f"contract {json.dumps(built.to_contract())}"
    yield from built.explain().splitlines()
    yield _said((built.order, built.regions, built.terminals, built.edges))
    yield _said((list(built.graph.nodes), list(built.graph.edges)))


def _resulted(result: RunResult | None) -> Iterator[str]:
    if result is None:
        return
    yield _said((result.ok, dict(result.outputs)))
    for name, account in result.steps.items():
        yield _said((name, account.status, account.items_in, account.items_out, account.dropped))
    for branch in result.branches:
        # Their bytes are the pickler's.
        yield _said((branch.producer, branch.consumer, branch.parameter, branch.items, branch.peak, branch.spilled))
    yield from map(_said, result.errors)
    yield from map(_said, result.dead_letters)


def _failed(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield from f"{type(error).__name__}: {error}".splitlines()
        yield from getattr(error, "__notes__", ())
        error = error.__cause__


def _said(thing: object) -> str:
    return re.sub(r"0x[0-9a-f]+", "0x", _spelled(thing))


def _spelled(thing: object) -> str:
    """Its repr; a set of the steps' own in an order that is always the same."""
    if isinstance(thing, set | frozenset):
        return f"{{{', '.join(sorted(map(_spelled, thing)))}}}"
    if isinstance(thing, dict):
        return f"{{{', '.join(f'{_spelled(key)}: {_spelled(value)}' for key, value in thing.items())}}}"
    if isinstance(thing, list) or (isinstance(thing, tuple) and not hasattr(thing, "_fields")):
        return f"[{', '.join(map(_spelled, thing))}]"
    return repr(thing)


# Pipelines and runs that are refused, for more than one reason each.


class _Params(NamedTuple):
    rate: float
    names: list[str]
    size: int
    level: Literal["low", "high"]
    other: dict[str, int]


def _one() -> int:
    return 1


def _two() -> int:
    return 2


def _three() -> int:
    return 3


def _needy(number: int, text: bytes, rates: Iterator[float]) -> None:
    return None


def _mistyped(rate: str, names: list[int], size: list[str], one: dict[str, str] | None) -> None:
    return None


def _misspelled(raet: complex, nmaes: frozenset[str], leevl: set[str]) -> None:
    return None


def _there(back: int) -> int:
    return back


def _unhinted(a, b, c):  # type: ignore[no-untyped-def]
    return a


def _many_problems() -> None:
    pipeline(
        "many",
        _Params,
        [
            *(step(name.__name__.strip("_"), name) for name in (_one, _two, _three, _needy, _mistyped, _misspelled)),
            step("one", _one),
            step("rate", _two),
            step("there", _there),
            step("back", _there, inputs={"back": "there"}),
            step("unhinted", _unhinted),
            step("after", _one, after=["nobody", "there", "noone"]),
            step("told", _there, inputs={"back": "nobody", "missing": "one"}, on_error="never", max_in_flight=-1),  # type: ignore[arg-type]
        ],
    )


def _several_candidates() -> None:
    pipeline("candidates", _Params, [_one, _two, _three, _needy])


def _open() -> TextIO:
    raise AssertionError("only built")


def _shared_file() -> None:
    def reads(file: TextIO) -> None:
        return None

    pipeline("file", steps=[_open, *(step(name, reads, inputs={"file": "_open"}) for name in "dcbae")])


def _cycles() -> None:
    steps = [step(name, _there, inputs={"back": other}) for name, other in zip("abcdef", "bcaedf", strict=True)]
    pipeline("cycles", steps=steps)


def _params_of_wrong_types() -> None:
    built = pipeline("params", _Params, [_one])
    bind_params(built, _Params("1", {"a"}, "x", "middle", []))  # type: ignore[arg-type]


def _params_that_are_no_params() -> None:
    bind_params(pipeline("params", _Params, [_one]), {"names": 1, "surplus": 2, "more": 3})


def _params_missing() -> None:
    bind_params(pipeline("params", _Params, [_one]))


def _unknown_outputs() -> None:
    run(pipeline("outputs", steps=[_one, _two]), outputs=["three", "four"])


_REFUSED: tuple[Callable[[], None], ...] = (
    _many_problems,
    _several_candidates,
    _shared_file,
    _cycles,
    _params_of_wrong_types,
    _params_that_are_no_params,
    _params_missing,
    _unknown_outputs,
)


def _main(file: str) -> None:
    plans: Any = pickle.loads(Path(file).read_bytes())  # the test has just written it
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for line in happenings(plans):
        print(line)


if __name__ == "__main__":
    _main(sys.argv[1])
