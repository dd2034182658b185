"""Wrong ways to define a pipeline. Each marker says which error is due; one that doesn't come is an error itself."""

# ruff: noqa: B018  # nothing here is ever run
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

from synaflow import Problem, StepMode, include, pipeline, register_collector, step


class Params(NamedTuple):
    size: int = 3


class Pile: ...


class Heap(ABC):
    @abstractmethod
    def top(self) -> int: ...


def numbers(size: int) -> list[int]:
    return list(range(size))


def pile_of(items: Iterable[int]) -> Pile:
    return Pile()


def count_of(items: Iterable[int]) -> int:
    return sum(1 for _ in items)


def no_items() -> Pile:
    return Pile()


def listed(items: list[int]) -> Pile:
    return Pile()


def heap_of(items: Iterable[int]) -> Heap:
    raise NotImplementedError


BUILT = pipeline("sums", Params, [numbers])


def steps() -> None:
    step()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    step("numbers")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    step(numbers)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]
    step(1, numbers)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers(3))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", fn=numbers, fm=numbers)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def options() -> None:
    step("numbers", numbers, mode="every")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, mode="EACH")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, mode=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, on_error="skip")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, on_error=StepMode.EACH)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, max_in_flight="8")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, max_in_flight=0.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, inputs=["size"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, inputs={"size": 3})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, inputs={"size": numbers})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, after=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, after=[numbers])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, after={"a"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, hints=[int])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers, hints={0: int})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    step("numbers", numbers).mode = "all"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def pipelines() -> None:
    pipeline()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    pipeline(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pipeline("sums", Params(), [numbers])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pipeline("sums", [numbers])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pipeline("sums", Params, numbers)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pipeline("sums", Params, step("numbers", numbers))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pipeline("sums", Params, ["numbers"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    pipeline("sums", Params, [numbers, 3])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    pipeline("sums", Params, [BUILT])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    pipeline("sums", Params, {"numbers": numbers}.items())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    pipeline("sums", Params, [numbers], exports=numbers)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def inclusions() -> None:
    include("inner")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    include("inner", numbers)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    include("inner", [numbers])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    include("inner", BUILT, Params())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    include("inner", BUILT, mode="each")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    include("inner", BUILT, on_error="ignore")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def collectors() -> None:
    register_collector(Pile)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    register_collector("Pile", pile_of)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    register_collector(pile_of, Pile)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    register_collector(Pile, 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    register_collector(Pile, no_items)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    register_collector(Pile, listed)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    # Pyright takes the two for `type[Pile | int]`; when the pipeline is built, it is refused.
    register_collector(Pile, count_of)  # type: ignore[arg-type]
    # Right, but mypy lets no abstract class stand where a `type[T]` is asked for.
    register_collector(Heap, heap_of)  # type: ignore[type-abstract]


def what_is_built() -> None:
    BUILT.name = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    BUILT["numbers"].fn = len  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    BUILT[0]  # type: ignore[index]  # pyright: ignore[reportArgumentType]
    BUILT.steps.append(step("numbers", numbers))  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    BUILT.run()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    BUILT.params.fields  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    BUILT.edges_into(BUILT["numbers"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    BUILT.to_dict()["numbers"]["depends_on"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
    BUILT.to_dict()["numbers"]["fn"].upper()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    Problem("a code without a message")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
