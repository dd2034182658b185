"""Reading a step's function, whatever form of callable it is: its inputs, output, name, place and docstring."""

from __future__ import annotations

import collections.abc
import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass, field
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, NamedTuple, TypeVar, get_args, get_origin

from synaflow._check.hints import UNKNOWN, Scope, class_hints, function_hints
from synaflow._check.outputs import describe_output
from synaflow._check.problems import did_you_mean, quoted
from synaflow._model import NO_DEFAULT, Input, Output
from synaflow._types import spell, stream_item, strip, substitute

if TYPE_CHECKING:
    from synaflow._types import TypeForm

__all__ = ["Complaint", "Signature", "function_name", "location_of", "read_signature"]

_GENERATOR_HINTS = {
    False: (collections.abc.Iterator, collections.abc.Iterable, collections.abc.Generator),
    True: (collections.abc.AsyncIterator, collections.abc.AsyncIterable, collections.abc.AsyncGenerator),
}
_AWAITABLE_HINTS = (collections.abc.Awaitable, collections.abc.Coroutine)
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a function: a `Problem` that doesn't know its step yet."""

    code: str
    message: str
    parameter: str | None = None
    suggestion: str | None = None


@dataclass(slots=True)
class Signature:
    """What a function says of itself.

    Attributes:
        inputs: Its parameters, their hints resolved; `UNKNOWN` stands for a hint with a complaint.
        output: Its return hint, what an awaitable gives; `UNKNOWN` likewise.
        declared: What that hint says it gives; None where that can't be said.
        function: Its name, for people.
        location: `file:line`, None for what isn't written in Python.
        doc: Its docstring, cleaned.
        is_async: Whether calling it gives an awaitable or an asynchronous stream.
        complaints: What is wrong with it.
    """

    inputs: tuple[Input, ...] = ()
    output: TypeForm = UNKNOWN
    declared: Output | None = None
    function: str = ""
    location: str | None = None
    doc: str | None = None
    is_async: bool = False
    complaints: list[Complaint] = field(default_factory=list)


class _Parameter(NamedTuple):
    name: str
    default: object
    positional_only: bool


def read_signature(fn: Callable[..., object], hints: Mapping[str, TypeForm] | None, scope: Scope) -> Signature:
    """Reads a function; whatever is wrong with it is in the result's `complaints`."""
    core = _peel(fn)
    source = _source(core)
    read = Signature(function=function_name(fn), location=_location(source), doc=_doc(core, source))
    given = dict(hints or {})
    own, failed = _hints_of(core, source, scope)
    for name, hint in given.items():
        try:
            own[name] = scope.resolve(hint, source)
            failed.pop(name, None)
        except Exception as error:  # noqa: BLE001  # evaluating a user's string may raise anything
            failed[name] = str(error)
    try:
        parameters, variadic = _parameters(fn)
    except (ValueError, TypeError) as error:
        if not given:
            reason = f"the signature of '{read.function}' can't be read: {error}"
            read.complaints.append(Complaint("missing-annotation", reason, suggestion=_hints_line(("x",))))
            return read
        parameters = [_Parameter(name, NO_DEFAULT, True) for name in given if name != "return"]
        variadic = False
    _check_hint_names(read, given, parameters)
    _read_hints(read, parameters, own, failed, variadic)
    _read_output(read, fn, core, source, told="return" in given)
    return read


def function_name(fn: object) -> str:
    """The name of a callable, for people: of a partial its function's, of an object its class's."""
    core = _peel(fn)
    name = getattr(core, "__name__", None) or getattr(get_origin(core), "__name__", None)
    return name if isinstance(name, str) else type(core).__name__


def location_of(fn: object) -> str | None:
    """`file:line` of a callable, None for what isn't written in Python."""
    return _location(_source(_peel(fn)))


def _peel(fn: object) -> object:
    """The function inside a `functools.partial`."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return fn


def _source(core: object) -> object:
    """What carries the hints, docstring and code: a function or a class."""
    if isinstance(core, FunctionType):
        return inspect.unwrap(core) if hasattr(core, "__wrapped__") else core
    if isinstance(core, type | BuiltinFunctionType):
        return core
    if isinstance(core, MethodType):
        return _source(core.__func__)
    origin = get_origin(core)
    if isinstance(origin, type):  # a generic class, subscripted
        return origin
    if callable(core) and hasattr(core, "__wrapped__"):  # functools.lru_cache and the like
        return _source(inspect.unwrap(core))
    if inspect.isroutine(core):
        return core
    return _source(type(core).__call__) if callable(core) else core


def _location(source: object) -> str | None:
    code = getattr(source, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    if isinstance(source, type) and source.__module__ != "builtins":
        try:
            return f"{inspect.getsourcefile(source)}:{inspect.findsource(source)[1] + 1}"
        except (OSError, TypeError):
            return None
    return None


def _doc(core: object, source: object) -> str | None:
    doc = getattr(source, "__doc__", None) or getattr(core, "__doc__", None)
    return inspect.cleandoc(doc) if isinstance(doc, str) and doc.strip() else None


def _hints_of(core: object, source: object, scope: Scope) -> tuple[dict[str, TypeForm], dict[str, str]]:
    if not isinstance(source, type):
        return function_hints(source, scope) if callable(source) else ({}, {})
    # A class used as a constructor: its fields (dataclass, NamedTuple, pydantic), then what it says itself.
    own, failed = class_hints(source, scope)
    for name in ("__new__", "__init__"):
        method = inspect.unwrap(getattr(source, name))
        if isinstance(method, FunctionType):
            found, bad = function_hints(method, scope)
            # What a dataclass or NamedTuple generates repeats the fields, out of the scope they were written in.
            own = found | own if method.__code__.co_filename == "<string>" else own | found
            failed = {hint: why for hint, why in (failed | bad).items() if hint not in own}
    own = {name: hint.type if isinstance(hint, InitVar) else hint for name, hint in own.items()}
    parameters: tuple[TypeVar, ...] = getattr(source, "__parameters__", ())
    own["return"] = source[parameters] if parameters else source  # type: ignore[index]  # a generic class
    failed.pop("return", None)
    args = get_args(core)
    if args:
        bindings = dict(zip(parameters, args, strict=False))
        own = {name: substitute(hint, bindings) for name, hint in own.items()}
    return own, failed


def _parameters(fn: Callable[..., object]) -> tuple[list[_Parameter], bool]:
    """The parameters that are inputs, and whether there are `*args` or `**kwargs` besides."""
    if type(fn) is FunctionType and not fn.__dict__:
        return _plain_parameters(fn)
    bound: set[str] = set()
    core: object = fn
    while isinstance(core, functools.partial):
        bound |= core.keywords.keys()
        core = core.func
    target: Callable[..., object] = get_origin(fn) or fn
    found = inspect.signature(target).parameters.values()
    kinds = {parameter.kind for parameter in found}
    return [
        _Parameter(
            p.name,
            NO_DEFAULT if p.default is p.empty else p.default,
            p.kind is p.POSITIONAL_ONLY,
        )
        for p in found
        if p.kind not in _VARIADIC and p.name not in bound
    ], not kinds.isdisjoint(_VARIADIC)


def _plain_parameters(fn: FunctionType) -> tuple[list[_Parameter], bool]:
    # What inspect.signature would say, at a tenth of its cost: a thousand steps are built in a tenth of a second.
    code = fn.__code__
    count, names = code.co_argcount, code.co_varnames
    first_default = count - len(fn.__defaults__ or ())
    found = [
        _Parameter(
            names[at],
            fn.__defaults__[at - first_default] if fn.__defaults__ and at >= first_default else NO_DEFAULT,
            at < code.co_posonlyargcount,
        )
        for at in range(count)
    ]
    keyword_defaults = fn.__kwdefaults__ or {}
    found += [
        _Parameter(name, keyword_defaults.get(name, NO_DEFAULT), False)
        for name in names[count : count + code.co_kwonlyargcount]
    ]
    return found, bool(code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS))


def _check_hint_names(read: Signature, given: Mapping[str, TypeForm], parameters: list[_Parameter]) -> None:
    names = [parameter.name for parameter in parameters] + ["return"]
    for name in given:
        if name not in names:
            takes = quoted(names[:-1]) or "no inputs"
            reason = f"hints= names '{name}', but '{read.function}' takes {takes}"
            read.complaints.append(Complaint("unknown-hint", reason, name, did_you_mean(name, names)))


def _read_hints(
    read: Signature,
    parameters: list[_Parameter],
    own: Mapping[str, TypeForm],
    failed: Mapping[str, str],
    variadic: bool,
) -> None:
    read.inputs = tuple(Input(p.name, own.get(p.name, UNKNOWN), p.default, p.positional_only) for p in parameters)
    read.output = own.get("return", UNKNOWN)
    wanted = [p.name for p in parameters] + ["return"]
    for name in wanted:
        if name in failed:
            what = f"parameter '{name}'" if name != "return" else "the return value"
            reason = f"the hint of {what} of '{read.function}' doesn't resolve: {failed[name]}"
            mend = (
                f"import or define it where '{read.function}' is defined (an import under TYPE_CHECKING is not there "
            )
            mend += f'at run time), or give the type at the step: hints={{"{name}": ...}}'
            read.complaints.append(Complaint("unresolved-hint", reason, _parameter(name), mend))
    missing = [name for name in wanted if name not in own and name not in failed]
    if len(missing) == len(wanted) and (parameters or variadic):
        reason = f"'{read.function}' has no type hints"
        if variadic:
            reason += "; its *args and **kwargs are no inputs"
            mend = "if it wraps a function, decorate it with functools.wraps, so that the hints show through"
        else:
            mend = f"add them, or give them at the step: {_hints_line(missing[:-1])}"
        read.complaints.append(Complaint("missing-annotation", reason, suggestion=mend))
        return
    for name in missing:
        if name == "return":
            reason = f"'{read.function}' has no return annotation"
            mend = "write `-> None` if it returns nothing"
        else:
            reason = f"parameter '{name}' of '{read.function}' has no type annotation"
            mend = f'annotate it, or give the type at the step: hints={{"{name}": ...}}'
        read.complaints.append(Complaint("missing-annotation", reason, _parameter(name), mend))


def _read_output(read: Signature, fn: object, core: object, source: object, *, told: bool) -> None:
    if read.output is UNKNOWN:
        return
    flags = _flags(core)
    inner = _flags(source)
    hint = strip(read.output)
    origin = get_origin(hint) or hint
    if (flags | inner) & inspect.CO_COROUTINE:
        read.is_async = True
    elif origin in _AWAITABLE_HINTS and not (flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR)):
        read.is_async = True
        read.output = (typing.Any, *get_args(hint))[-1]
    generates = flags if told else flags | inner
    for flag, is_async in ((inspect.CO_GENERATOR, False), (inspect.CO_ASYNC_GENERATOR, True)):
        if generates & flag and origin not in _GENERATOR_HINTS[is_async]:
            word = "an async generator function" if is_async else "a generator function"
            stream = "AsyncIterator" if is_async else "Iterator"
            reason = f"'{read.function}' is {word}, but is annotated `-> {spell(read.output)}`, which is no stream"
            if origin in _GENERATOR_HINTS[not is_async]:
                reason = f"'{read.function}' is {word}, but is annotated `-> {spell(read.output)}`"
            mend = f"write `-> {stream}[...]`, with the type of what it yields"
            read.complaints.append(Complaint("generator-annotation", reason, suggestion=mend))
            read.output = UNKNOWN
            return
    declared = describe_output(read.output)
    if isinstance(declared, str):
        mend = 'give one that can be used: hints={"return": ...}'
        reason = f"the return annotation of '{read.function}' can't be used: {declared}"
        read.complaints.append(Complaint("unsupported-type", reason, suggestion=mend))
        read.output = UNKNOWN
        return
    read.declared = declared
    if declared.stream and origin not in _GENERATOR_HINTS[False]:
        found = stream_item(read.output)
        read.is_async = read.is_async or (found is not None and found.is_async)


def _flags(function: object) -> int:
    if isinstance(function, MethodType):
        function = function.__func__
    if not isinstance(function, FunctionType) and not isinstance(function, type):
        function = type(function).__call__ if callable(function) else function
    code = getattr(function, "__code__", None)
    return code.co_flags if code is not None else 0


def _parameter(name: str) -> str | None:
    return None if name == "return" else name


def _hints_line(names: tuple[str, ...] | list[str]) -> str:
    return "hints={" + "".join(f'"{name}": ..., ' for name in names) + '"return": ...}'
