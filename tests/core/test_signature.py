"""Functions come in every form users write (DESIGN 4)."""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

import functools
import operator
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TextIO, TypeVar

import pytest

from core.building import build, edge, problem_of, problems_of, wires
from synaflow import NO_DEFAULT, Input, pipeline, step

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


class P(NamedTuple):
    n: int
    text: str = ""


def double(n: int) -> int:
    """Twice.

    Really.
    """
    return 2 * n


def scale(n: int, by: int, /, *, offset: int = 0) -> float:
    return n * by + offset


class Scaler:
    """Scales."""

    def __init__(self, by: int) -> None:
        self.by = by

    def method(self, n: int) -> int:
        """By how much it was told."""
        return n * self.by

    @classmethod
    def made(cls, n: int) -> int:
        return n

    @staticmethod
    def plain(n: int) -> int:
        return n

    def __call__(self, n: int) -> str:
        return str(n * self.by)


def logged(fn: F) -> F:
    @functools.wraps(fn)
    def wrapper(*args: object, **kwargs: object) -> object:
        return fn(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


def shape_of(fn: Callable[..., object], **options: object) -> tuple[dict[str, object], object]:
    """The inputs and the output of a step."""
    made = build(step("it", fn, **options), params=P)["it"]  # type: ignore[arg-type]
    return {parameter.name: parameter.type for parameter in made.inputs}, made.output.type


@dataclass
class Point:
    n: int
    seen: list[int] = field(default_factory=list, init=False)
    text: InitVar[str] = "x"


class Pair(NamedTuple):
    n: int
    text: str = ""


class Plain:
    def __init__(self, n: int, *, text: str) -> None: ...


class ByNew:
    def __new__(cls, n: int) -> ByNew:
        return super().__new__(cls)


class Box(Generic[T]):
    def __init__(self, n: T) -> None: ...


class Inherits(Plain):
    pass


FORMS = [
    pytest.param(double, {"n": int}, int, id="function"),
    pytest.param(functools.partial(double), {"n": int}, int, id="partial_of_nothing"),
    pytest.param(functools.partial(scale, 3), {"by": int, "offset": int}, float, id="partial_by_position"),
    pytest.param(functools.partial(scale, 3, 4, offset=1), {}, float, id="partial_of_all"),
    pytest.param(
        functools.partial(functools.partial(scale, 3), offset=1), {"by": int}, float, id="partial_of_a_partial"
    ),
    pytest.param(Scaler(2).method, {"n": int}, int, id="bound_method"),
    pytest.param(functools.partial(Scaler(2).method), {"n": int}, int, id="partial_of_a_bound_method"),
    pytest.param(Scaler.made, {"n": int}, int, id="class_method"),
    pytest.param(Scaler.plain, {"n": int}, int, id="static_method"),
    pytest.param(Scaler(2), {"n": int}, str, id="callable_object"),
    pytest.param(logged(double), {"n": int}, int, id="decorated"),
    pytest.param(logged(logged(double)), {"n": int}, int, id="decorated_twice"),
    pytest.param(functools.lru_cache(double), {"n": int}, int, id="lru_cache"),
    pytest.param(Point, {"n": int, "text": str}, Point, id="dataclass"),
    pytest.param(Pair, {"n": int, "text": str}, Pair, id="named_tuple"),
    pytest.param(Plain, {"n": int, "text": str}, Plain, id="class"),
    pytest.param(Inherits, {"n": int, "text": str}, Inherits, id="class_with_an_inherited_constructor"),
    pytest.param(ByNew, {"n": int}, ByNew, id="class_with_new"),
    pytest.param(Box, {"n": T}, Box[int], id="generic_class"),
    pytest.param(Box[int], {"n": int}, Box[int], id="generic_class_subscripted"),
]


@pytest.mark.parametrize(("fn", "inputs", "output"), FORMS)
def test_every_form_of_callable(fn: Callable[..., object], inputs: dict[str, object], output: object) -> None:
    given = {name: "n" for name in inputs if name in ("by", "offset")}
    assert shape_of(fn, inputs=given) == (inputs, output)


def test_defaults_and_positional_only_parameters_are_known() -> None:
    made = build(step("it", scale, inputs={"by": "n"}), params=P)["it"]
    assert made.inputs == (
        Input("n", int, NO_DEFAULT, True),
        Input("by", int, NO_DEFAULT, True),
        Input("offset", int, 0),
    )


def test_args_and_kwargs_are_no_inputs() -> None:
    def loose(n: int, *args: str, **kwargs: float) -> int: ...

    assert shape_of(loose) == ({"n": int}, int)


def test_a_partial_has_the_name_place_and_docstring_of_its_function() -> None:
    plain, partial = build(step("a", double), step("b", functools.partial(double)), params=P).steps
    assert (partial.function, partial.location, partial.doc) == (plain.function, plain.location, plain.doc)
    assert (plain.function, plain.doc) == ("double", "Twice.\n\nReally.")
    assert plain.location == f"{__file__}:{double.__code__.co_firstlineno}"


@pytest.mark.parametrize(
    ("fn", "name", "line", "doc"),
    [
        pytest.param(Scaler(2), "Scaler", Scaler.__call__.__code__.co_firstlineno, "Scales.", id="object"),
        pytest.param(logged(double), "double", double.__code__.co_firstlineno, "Twice.\n\nReally.", id="decorated"),
        pytest.param(
            Scaler(2).method, "method", Scaler.method.__code__.co_firstlineno, "By how much it was told.", id="method"
        ),
    ],
)
def test_name_place_and_docstring_are_those_of_the_users_code(
    fn: Callable[..., object], name: str, line: int, doc: str
) -> None:
    made = build(step("it", fn), params=P)["it"]
    assert (made.function, made.location, made.doc) == (name, f"{__file__}:{line}", doc)


def test_a_class_is_located_too() -> None:
    location = build(step("it", Plain), params=P)["it"].location
    assert location is not None
    file, _, line = location.rpartition(":")
    with open(file, encoding="utf-8") as lines:
        assert lines.readlines()[int(line) - 1] == "class Plain:\n"


def test_what_is_not_written_in_python_has_no_place() -> None:
    made = build(step("it", len, hints={"obj": str, "return": int}, inputs={"obj": "text"}), params=P)["it"]
    assert made.location is None


# Hints


def test_hints_of_local_classes_resolve_though_they_are_strings() -> None:
    class Local: ...

    class Other: ...

    def make() -> Local: ...

    def use(make: Local, other: list[Other]) -> Other: ...

    def other() -> list[Other]: ...

    built = build(make, use, other)
    assert built["use"].output.type is Other
    assert edge(built, "use", "make").wanted is Local


def test_a_local_class_goes_before_a_global_of_the_same_name() -> None:
    class P: ...

    def make() -> P: ...

    assert build(make)["make"].output.type is P


def test_hints_resolve_in_a_function_that_has_returned() -> None:
    def factory() -> Callable[..., object]:
        class Kept: ...

        def make() -> Kept:
            return Kept()

        return make

    assert build(factory())["make"].output.type.__name__ == "Kept"  # type: ignore[attr-defined]


def test_a_hint_that_does_not_resolve_names_what_is_missing() -> None:
    def convert(n: int) -> Decimal: ...

    problem = problem_of(convert, params=P)
    assert (problem.code, problem.step, problem.parameter) == ("unresolved-hint", "convert", None)
    assert "'Decimal' is not defined" in problem.message
    assert problem.suggestion is not None
    assert "TYPE_CHECKING" in problem.suggestion
    assert 'hints={"return": ...}' in problem.suggestion


def test_hints_at_the_step_mend_one_that_does_not_resolve() -> None:
    def convert(n: Decimal, text: str) -> int: ...

    assert shape_of(convert, hints={"n": int}) == ({"n": int, "text": str}, int)


def test_a_hint_that_does_not_resolve_turns_no_other_check_off() -> None:
    def convert(n: Decimal, text: int) -> int: ...

    assert [(found.code, found.parameter) for found in problems_of(convert, params=P)] == [
        ("unresolved-hint", "n"),
        ("incompatible-types", "text"),
    ]


def test_a_hint_may_raise_anything() -> None:
    def bad(n: int) -> int: ...

    bad.__annotations__["n"] = "1 / 0"
    assert "ZeroDivisionError" in problem_of(bad, params=P).message


def test_a_forward_reference_inside_a_hint_resolves() -> None:
    def later(n: int) -> list[Later]: ...

    later.__annotations__["return"] = list["Later"]  # as without the future import
    assert shape_of(later)[1] == list[Later]


class Later: ...


def test_a_function_without_hints_is_given_them() -> None:
    assert shape_of(len, hints={"obj": str, "return": int}, inputs={"obj": "text"}) == ({"obj": str}, int)


def test_a_callable_without_a_signature_takes_what_hints_say_by_position() -> None:
    made = build(step("it", int, hints={"n": str, "return": int}, inputs={"n": "text"}), params=P)["it"]
    assert made.inputs == (Input("n", str, NO_DEFAULT, True),)


def test_hints_may_be_strings() -> None:
    class Local: ...

    made = step("it", operator.neg, hints={"a": "int", "return": "Local"}, inputs={"a": "n"})
    assert pipeline("test", P, [made])["it"].output.type is Local


def test_hints_override() -> None:
    def loose(n: Any) -> object: ...

    assert shape_of(loose, hints={"return": str}) == ({"n": Any}, str)


def test_a_hint_for_no_parameter() -> None:
    problem = problem_of(step("it", double, hints={"nn": int}), params=P)
    assert (problem.code, problem.parameter, problem.suggestion) == ("unknown-hint", "nn", "did you mean 'n'?")


# What is refused


def test_no_return_annotation() -> None:
    def silent(n: int):  # type: ignore[no-untyped-def]
        pass

    problem = problem_of(silent, params=P)
    assert (problem.code, problem.suggestion) == ("missing-annotation", "write `-> None` if it returns nothing")


def test_no_parameter_annotation() -> None:
    def half(n, text: str) -> None:  # type: ignore[no-untyped-def]
        pass

    problem = problem_of(half, params=P)
    assert (problem.code, problem.parameter) == ("missing-annotation", "n")


def test_a_default_does_not_stand_for_an_annotation() -> None:
    def half(m=1) -> None:  # type: ignore[no-untyped-def]
        pass

    assert problem_of(half).code == "missing-annotation"


def test_no_hints_at_all_is_one_problem() -> None:
    def none(n, m):  # type: ignore[no-untyped-def]
        pass

    problem = problem_of(none)
    assert problem.code == "missing-annotation"
    assert problem.suggestion == 'add them, or give them at the step: hints={"n": ..., "m": ..., "return": ...}'


def test_a_lambda_needs_hints() -> None:
    assert problem_of(step("it", lambda n: n), params=P).code == "missing-annotation"


def test_a_wrapper_without_hints() -> None:
    def wrapper(*args, **kwargs):  # type: ignore[no-untyped-def]
        return double(*args, **kwargs)

    problem = problem_of(step("it", wrapper), params=P)
    assert problem.code == "missing-annotation"
    assert problem.suggestion is not None
    assert "functools.wraps" in problem.suggestion


def test_no_signature_and_no_hints() -> None:
    problem = problem_of(step("it", int))
    assert problem.code == "missing-annotation"
    assert "can't be read" in problem.message


@pytest.mark.parametrize("hint", [int, list[int], Any, object, TextIO, Callable[[], int]])
def test_a_generator_function_annotated_as_no_stream(hint: object) -> None:
    def numbers() -> Iterator[int]:
        yield 1

    numbers.__annotations__["return"] = hint
    problem = problem_of(numbers)
    assert problem.code == "generator-annotation"
    assert problem.suggestion == "write `-> Iterator[...]`, with the type of what it yields"


@pytest.mark.parametrize("hint", [Iterator[int], Iterable[int], Generator[int, None, None]])
def test_a_generator_function_annotated_as_a_stream(hint: object) -> None:
    def numbers() -> Iterator[int]:
        yield 1

    numbers.__annotations__["return"] = hint
    assert build(numbers)["numbers"].output.stream


def test_a_decorator_that_hides_a_generator_may_say_so() -> None:
    def listed(fn: Callable[..., Iterator[int]]) -> Callable[..., list[int]]:
        @functools.wraps(fn)
        def wrapper(*args: object) -> list[int]:
            return list(fn(*args))

        return wrapper

    @listed
    def numbers() -> Iterator[int]:
        yield 1

    made = build(step("numbers", numbers, hints={"return": list[int]}))["numbers"]
    assert not made.output.stream


def test_a_generator_is_no_async_stream_and_the_other_way_round() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def later() -> AsyncIterator[int]:
        yield 1

    numbers.__annotations__["return"] = AsyncIterator[int]
    later.__annotations__["return"] = Iterator[int]

    assert [found.code for found in problems_of(numbers, later)] == ["generator-annotation"] * 2


# Async


async def fetch(n: int) -> str: ...


async def ticks(n: int) -> AsyncIterator[str]:
    yield ""


async def opened(n: int) -> AsyncIterator[str]: ...


def awaitable(n: int) -> Awaitable[str]: ...


def coroutine(n: int) -> Coroutine[Any, Any, str]: ...


def stream(n: int) -> AsyncIterator[str]: ...


@pytest.mark.parametrize(
    ("fn", "output", "is_stream"),
    [
        (fetch, str, False),
        (ticks, AsyncIterator[str], True),
        (opened, AsyncIterator[str], True),
        (awaitable, str, False),
        (coroutine, str, False),
        (stream, AsyncIterator[str], True),
        (logged(fetch), str, False),
        (functools.partial(fetch), str, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_asynchronous_functions(fn: Callable[..., object], output: object, is_stream: bool) -> None:
    made = build(step("it", fn), params=P)["it"]
    assert (made.output.type, made.output.stream, made.is_async) == (output, is_stream, True)


def test_plain_functions_are_not_async() -> None:
    assert not build(double, params=P)["double"].is_async


# Bare functions


def test_a_bare_function_is_the_step_of_its_name() -> None:
    bare = build(double, params=P)
    named = build(step("double", fn=double), params=P)
    assert wires(bare) == wires(named)
    assert bare.to_dict() == named.to_dict()


@pytest.mark.parametrize(
    ("item", "suggestion"),
    [
        pytest.param(lambda: None, 'name it: step("name", fn=...)', id="lambda"),
        pytest.param(functools.partial(double), 'name it: step("double", fn=...)', id="partial"),
        pytest.param(Scaler(2), 'name it: step("scaler", fn=...)', id="object"),
    ],
)
def test_what_has_no_name_has_to_be_named(item: object, suggestion: str) -> None:
    problem = problem_of(item)
    assert (problem.code, problem.suggestion) == ("invalid-name", suggestion)


@pytest.mark.parametrize("item", [3, "double", None, ("double", double)])
def test_what_is_no_step(item: object) -> None:
    assert problem_of(item).code == "invalid-step"


def test_a_pipeline_is_no_step() -> None:
    problem = problem_of(build())
    assert problem.code == "invalid-step"
    assert problem.suggestion is not None
    assert "include(" in problem.suggestion


def test_steps_that_are_no_list() -> None:
    with pytest.raises(Exception, match="steps must be a list"):
        pipeline("test", steps=3)  # type: ignore[arg-type]


def test_an_fn_that_can_not_be_called() -> None:
    assert problem_of(step("it", 3)).code == "invalid-step"  # type: ignore[arg-type]


def test_a_hint_at_the_step_that_does_not_resolve() -> None:
    problem = problem_of(step("it", double, hints={"n": "Nowhere"}), params=P)
    assert (problem.code, problem.parameter) == ("unresolved-hint", "n")


def test_a_class_that_has_no_source() -> None:
    space: dict[str, Any] = {"__name__": "nowhere"}
    exec("class Made:\n    def __init__(self, n: int) -> None: ...", space)
    made = build(step("it", space["Made"]), params=P)["it"]
    assert (made.location, made.output.type) == (None, space["Made"])


def test_a_hint_may_name_a_variable_that_is_not_yet_there() -> None:
    def make() -> Late:
        return Late()

    problem = problem_of(make)
    assert problem.code == "unresolved-hint"

    class Late: ...

    assert build(make)["make"].output.type is Late


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is of 3.12")
@pytest.mark.parametrize("future", ["", "from __future__ import annotations"])
def test_type_parameters_of_a_function(future: str) -> None:
    space: dict[str, Any] = {"__name__": "somewhere", "Iterator": Iterator}
    exec(f"{future}\ndef batch[X](n: Iterator[X]) -> Iterator[list[X]]: yield []", space)

    def n() -> Iterator[int]: ...

    assert build(n, space["batch"])["batch"].output.type == Iterator[list[int]]
