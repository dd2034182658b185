"""From what a user listed to nodes: names and options checked, functions read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from keyword import iskeyword
from typing import TYPE_CHECKING, TypeVar

from synaflow._check.calls import read_calls
from synaflow._check.nodes import Node, Plan, Subject
from synaflow._check.params import spell_value
from synaflow._check.problems import did_you_mean, quoted
from synaflow._check.signature import function_name, location_of, read_signature
from synaflow._declare.include import Include
from synaflow._declare.step import Step
from synaflow._model import OnError, PipelineDef, StepMode

if TYPE_CHECKING:
    from synaflow._check.hints import Scope
    from synaflow._model import FieldDef

__all__ = [
    "check_field_names",
    "check_item_name",
    "check_name",
    "declare_step",
    "read_after",
    "read_choice",
    "read_step",
    "read_told",
    "to_step",
]

Choice = TypeVar("Choice", bound=StrEnum)


def check_name(name: object) -> str | None:
    """Why something can't be a name, None if it can."""
    if not isinstance(name, str):
        return f"must be a string, not {spell_value(name)}"
    if not name.isidentifier():
        return "must be an identifier: parameters refer to it"
    if iskeyword(name):
        return "is a keyword of Python, so no parameter could refer to it"
    if "__" in name:
        return "must not contain `__`, which is kept for the steps of included pipelines"
    return None


def check_field_names(plan: Plan, fields: Iterable[FieldDef]) -> None:
    """Takes the params fields into the plan; a name that no parameter could use is a problem."""
    for field in fields:
        wrong = check_name(field.name)
        if wrong:
            plan.problems.add(-1, "invalid-name", f"params field '{field.name}' {wrong}", parameter=field.name)
        plan.fields[field.name] = field


def to_step(plan: Plan, at: int, item: object) -> Step | Include | None:
    """An item of `steps` as a declaration; None, with a problem, if it is none."""
    if isinstance(item, Step | Include):
        return item
    if isinstance(item, PipelineDef):
        mend = f'to put a pipeline inside another, write include("{item.name}", pipeline=...)'
        plan.problems.add(at, "invalid-step", f"item {at} of steps is {item!r}, which is no step", suggestion=mend)
        return None
    if not callable(item):
        mend = 'write step("name", fn=...), or list the function itself'
        reason = f"item {at} of steps is {spell_value(item)}, neither a step nor a function"
        plan.problems.add(at, "invalid-step", reason, suggestion=mend)
        return None
    name = getattr(item, "__name__", None)
    if not isinstance(name, str) or not name.isidentifier():
        what = "a lambda" if name == "<lambda>" else f"a {type(item).__name__} object"
        mend = f'name it: step("{_snake(function_name(item))}", fn=...)'
        reason = f"item {at} of steps is {what}, which has no name to call the step by"
        plan.problems.add(at, "invalid-name", reason, location=location_of(item), suggestion=mend)
        return None
    return Step(name, item)


def _snake(name: str) -> str:
    return name.lower() if name.isidentifier() and not iskeyword(name.lower()) else "name"


def check_item_name(plan: Plan, at: int, item: Step | Include, taken: dict[str, int]) -> bool:
    """Whether an item's name can be used; if not, that is a problem already added."""
    word, name, place = ("step" if isinstance(item, Step) else "include"), item.name, location_of(item.fn)
    wrong = check_name(name)
    if wrong:
        plan.problems.add(at, "invalid-name", f"{word} name {name!r} {wrong}", step=str(name), location=place)
        return False
    if name in taken:
        reason = f"{word} '{name}' is listed twice, as items {taken[name]} and {at} of steps"
        mend = "give one of them another name" if word == "step" else "include it under another name"
        plan.problems.add(at, "duplicate-name", reason, step=name, location=place, suggestion=mend)
        return False
    taken[name] = at
    if name in plan.fields:
        reason = f"'{name}' is the name of a {word} and of a params field, so a parameter '{name}' could mean either"
        mend = "rename one of them"
        plan.problems.add(at, "name-clash", reason, step=name, location=place, suggestion=mend)
    return True


def declare_step(plan: Plan, at: int, item: Step, scope: Scope) -> None:
    """Takes a step into the plan."""
    node = read_step(plan, at, item, scope)
    if node is not None:
        plan.nodes[item.name] = node


def read_step(plan: Plan, at: int, item: Step, scope: Scope) -> Node | None:
    """A declared step as a node: its options checked and its function read."""
    name = item.name
    if not callable(item.fn):
        reason = f"step '{name}': fn must be callable, not {spell_value(item.fn)}"
        plan.problems.add(at, "invalid-step", reason, step=name)
        plan.broken.add(name)
        return None
    word = function_name(item.fn)
    hints = _mapping(plan, at, name, "hints", item.hints, "types by parameter")
    read = read_signature(item.fn, hints, scope)
    about = Subject(at, name, f'step("{name}", fn={word if word.isidentifier() else "..."}', read.location)
    for complaint in read.complaints:
        plan.complain(about, complaint.code, complaint.message, complaint.parameter, complaint.suggestion)
    node = Node(
        name=name,
        about=about,
        fn=item.fn,
        inputs=read.inputs,
        returns=read.output,
        declared=read.declared,
        told=read_told(plan, at, name, item.inputs),
        after=read_after(plan, about, item.after),
        on_error=read_choice(plan, about, "on_error", item.on_error, OnError, OnError.STOP),
        mode=read_choice(plan, about, "mode", item.mode, StepMode, StepMode.AUTO),
        function=read.function,
        doc=read.doc,
        is_async=read.is_async,
    )
    read_calls(plan, node, item)
    _check_told(plan, node)
    return node


def _check_told(plan: Plan, node: Node) -> None:
    names = [parameter.name for parameter in node.inputs]
    for name in node.told:
        if name not in names:
            takes = quoted(names) or "no inputs"
            reason = f"inputs= names the parameter '{name}', but '{node.function}' takes {takes}"
            plan.complain(node.about, "unknown-parameter", reason, name, did_you_mean(name, names))


def _mapping(
    plan: Plan, at: int, step: str, option: str, given: Mapping[str, object] | None, what: str
) -> dict[str, object]:
    if given is None:
        return {}
    if isinstance(given, Mapping) and all(isinstance(key, str) for key in given):
        return dict(given)
    reason = f"step '{step}': {option}= takes a dict of {what}, not {spell_value(given)}"
    plan.problems.add(at, "invalid-option", reason, step=step)
    return {}


def read_told(plan: Plan, at: int, step: str, given: Mapping[str, str] | None) -> dict[str, str]:
    """What `inputs=` says, where it says it well."""
    names = _mapping(plan, at, step, "inputs", given, "names of producers by parameter")
    good: dict[str, str] = {}
    for parameter, name in names.items():
        if isinstance(name, str):
            good[parameter] = name
        else:
            reason = (
                f"step '{step}': inputs= names the producer of '{parameter}' by {spell_value(name)}, not by a string"
            )
            mend = f'write inputs={{"{parameter}": "{getattr(name, "__name__", "name")}"}}'
            plan.problems.add(at, "invalid-option", reason, step=step, parameter=parameter, suggestion=mend)
    return good


def read_after(plan: Plan, about: Subject, given: object) -> tuple[str, ...]:
    """What `after=` says, nothing where it says it badly."""
    if isinstance(given, Iterable) and not isinstance(given, str):
        names = tuple(given)
        if all(isinstance(name, str) for name in names):
            return names
    mend = f'write after=["{given}"]' if isinstance(given, str) else None
    plan.complain(
        about, "invalid-option", f"after= takes a list of names of steps, not {spell_value(given)}", None, mend
    )
    return ()


def read_choice(plan: Plan, about: Subject, option: str, given: object, of: type[Choice], instead: Choice) -> Choice:
    """The choice that was given by its name or itself; if it is none, a problem and `instead`."""
    try:
        return of(str(given))
    except ValueError:
        choices = [str(choice.value) for choice in of]
        reason = f"{option} must be one of {quoted(choices).replace(' and ', ' or ')}, not {given!r}"
        plan.complain(about, "invalid-option", reason, None, did_you_mean(str(given), choices))
        return instead
