"""typeshed's excerpt for the built-in classes and the standard library."""

from __future__ import annotations

import sys

from synaflow._types.stubs import Stub, comparable

__all__ = ["BUILTINS", "LIBRARY"]


def _iterator(item: str, params: str) -> Stub:
    return Stub(params, f"Iterator[{item}]")


def _number(this: str) -> dict[str, str]:
    binary = dict.fromkeys(("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__"), f"({this}) -> {this}")
    return {"__neg__": f"() -> {this}", "__pos__": f"() -> {this}", **binary}


#: By the class's name in `builtins`.
BUILTINS: dict[str, Stub] = {
    "object": Stub(
        members={
            "__hash__": "() -> int",
            "__eq__": "(object) -> bool",
            "__ne__": "(object) -> bool",
            "__str__": "() -> str",
            "__repr__": "() -> str",
            "__format__": "(str) -> str",
            "__sizeof__": "() -> int",
        }
    ),
    "int": Stub(
        members={
            **comparable("int"),
            **_number("int"),
            "__abs__": "() -> int",
            "__bool__": "() -> bool",
            "__int__": "() -> int",
            "__index__": "() -> int",
            "__float__": "() -> float",
            "__truediv__": "(int) -> float",
            "__round__": "() -> int; (int) -> int",
            "bit_length": "() -> int",
        }
    ),
    "float": Stub(
        members={
            **comparable("float"),
            **_number("float"),
            "__abs__": "() -> float",
            "__int__": "() -> int",
            "__float__": "() -> float",
            "__truediv__": "(float) -> float",
            "__round__": "() -> int; (int) -> float",
            "is_integer": "() -> bool",
        }
    ),
    "complex": Stub(members={**_number("complex"), "__abs__": "() -> float", "__complex__": "() -> complex"}),
    "str": Stub(
        "",
        "Sequence[str]",
        {
            **comparable("str"),
            "__add__": "(str) -> str",
            "__getitem__": "(int | slice) -> str",
            "__contains__": "(str) -> bool",
            **dict.fromkeys(("lower", "upper", "title", "capitalize", "casefold"), "() -> str"),
        },
    ),
    "bytes": Stub(
        "",
        "Sequence[int]",
        {
            **comparable("bytes"),
            "__getitem__": "(int) -> int; (slice) -> bytes",
            "__buffer__": "(int) -> memoryview",
            "__bytes__": "() -> bytes",
        },
    ),
    "bytearray": Stub(
        "", "MutableSequence[int]", {**comparable("bytes | bytearray"), "__buffer__": "(int) -> memoryview"}
    ),
    "memoryview": Stub("T", "Sequence[T]", {"__buffer__": "(int) -> memoryview", "__enter__": "() -> Self"}, "int"),
    "range": Stub("", "Sequence[int]"),
    "slice": Stub("KT_co, VT_co, T_co"),
    "list": Stub(
        "T",
        "MutableSequence[T]",
        {
            **comparable("list[T]"),
            "__getitem__": "(int) -> T; (slice) -> list[T]",
            "__add__": "(list[T]) -> list[T]",
            "copy": "() -> list[T]",
        },
    ),
    "tuple": Stub(
        "T_co",
        "Sequence[T_co]",
        {**comparable("tuple[T_co, ...]"), "__getitem__": "(int) -> T_co; (slice) -> tuple[T_co, ...]"},
    ),
    "dict": Stub(
        "KT, VT", "MutableMapping[KT, VT]", {"copy": "() -> dict[KT, VT]", "__reversed__": "() -> Iterator[KT]"}
    ),
    "set": Stub("T", "MutableSet[T]", {"copy": "() -> set[T]"}),
    "frozenset": Stub("T_co", "Set[T_co]"),
    "enumerate": _iterator("tuple[int, T]", "T"),
    "filter": _iterator("T", "T"),
    "map": _iterator("T", "T"),
    "reversed": _iterator("T_co", "T_co"),
    "zip": _iterator("T_co", "T_co"),
    "dict_keys": Stub("KT_co, VT_co", "KeysView[KT_co]"),
    "dict_values": Stub("KT_co, VT_co", "ValuesView[VT_co]"),
    "dict_items": Stub("KT_co, VT_co", "ItemsView[KT_co, VT_co]"),
    "mappingproxy": Stub("KT_co, VT_co", "Mapping[KT_co, VT_co]", {"__hash__": "None"}),
    "generator": Stub(
        "Yield_co, Send_contra, Return_co", "Generator[Yield_co, Send_contra, Return_co]", defaults="None, None"
    ),
    "async_generator": Stub("Yield_co, Send_contra", "AsyncGenerator[Yield_co, Send_contra]", defaults="None"),
    "coroutine": Stub("Yield_co, Send_contra, Return_co", "Coroutine[Yield_co, Send_contra, Return_co]"),
}

_ITERTOOLS = ("accumulate", "chain", "compress", "count", "cycle", "dropwhile", "filterfalse", "islice", "repeat")
_ITERTOOLS_CO = ("combinations", "pairwise", "permutations", "product", "starmap", "zip_longest")
_BINARY_FILES = ("BytesIO", "BufferedReader", "BufferedWriter", "BufferedRandom")

#: By the class's module and name, so that nothing is imported for the table's sake.
LIBRARY: dict[str, Stub] = {
    "array.array": Stub("T", "MutableSequence[T]", {**comparable(), "__buffer__": "(int) -> memoryview"}),
    "collections.ChainMap": Stub("KT, VT", "MutableMapping[KT, VT]"),
    "collections.Counter": Stub("T", "dict[T, int]"),
    "collections.OrderedDict": Stub("KT, VT", "dict[KT, VT]"),
    "collections.UserDict": Stub("KT, VT", "MutableMapping[KT, VT]"),
    "collections.UserList": Stub("T", "MutableSequence[T]"),
    "collections.UserString": Stub("", "Sequence[str]"),
    "collections.defaultdict": Stub("KT, VT", "dict[KT, VT]"),
    "collections.deque": Stub("T", "MutableSequence[T]", {**comparable("collections.deque[T]"), "__hash__": "None"}),
    "contextlib.AbstractContextManager": Stub(
        "T_co, Exit_co",
        "",
        {
            "__enter__": "() -> T_co",
            "__exit__": "(type[BaseException] | None, BaseException | None, TracebackType | None) -> Exit_co",
        },
        defaults="bool | None",
        is_protocol=True,
    ),
    "contextlib.AbstractAsyncContextManager": Stub(
        "T_co, Exit_co",
        "",
        {
            "__aenter__": "() -> Coroutine[Any, Any, T_co]",
            "__aexit__": "(type[BaseException] | None, BaseException | None, TracebackType | None) -> Coroutine[Any, Any, Exit_co]",
        },
        defaults="bool | None",
        is_protocol=True,
    ),
    "contextlib.nullcontext": Stub("T", "AbstractContextManager[T, None], AbstractAsyncContextManager[T, None]"),
    "functools.partial": Stub("T", members={"__call__": "(...) -> T"}),
    "os.PathLike": Stub("AnyStr_co", "", {"__fspath__": "() -> AnyStr_co"}, is_protocol=True),
    "csv.DictReader": _iterator("dict[T | Any, str | Any]", "T"),
    "itertools.groupby": _iterator("tuple[T_co, Iterator[VT_co]]", "T_co, VT_co"),
    **{f"itertools.{name}": _iterator("T", "T") for name in _ITERTOOLS},
    **{f"itertools.{name}": _iterator("T_co", "T_co") for name in _ITERTOOLS_CO},
    **dict.fromkeys(("pathlib.PurePath", "pathlib._local.PurePath"), Stub("", "PathLike[str]", comparable())),
    **dict.fromkeys(("posix.DirEntry", "nt.DirEntry"), Stub("AnyStr", "PathLike[AnyStr]")),
    **dict.fromkeys(("datetime.date", "datetime.time", "datetime.datetime"), Stub(members=comparable())),
    "datetime.timedelta": Stub(members={**comparable(), "__abs__": "() -> Self"}),
    **dict.fromkeys(
        ("decimal.Decimal", "fractions.Fraction"),
        Stub(members={**comparable(), "__abs__": "() -> Self", "__round__": "() -> int; (int) -> Self"}),
    ),
    "enum.Enum": Stub(members={"name": "str", "value": "Any"}),
    "enum.Flag": Stub(
        members={
            "name": "str | None",
            "__iter__": "() -> Iterator[Self]",
            "__len__": "() -> int",
            "__contains__": "(Self) -> bool",
        }
    ),
    "pathlib.Path": Stub(members={"__enter__": "() -> Self"} if sys.version_info < (3, 13) else {}),
    "typing.SupportsRound": Stub("T_co", "", {"__round__": "() -> int; (int) -> T_co"}, is_protocol=True),
    # In typeshed a file is an iterator of its lines by having the methods of one.
    "typing.IO": Stub(members={"__iter__": "() -> Iterator[AnyStr]", "__next__": "() -> AnyStr"}),
    "_io._TextIOBase": Stub(members={"__iter__": "() -> Iterator[str]", "__next__": "() -> str"}),
    "_io._IOBase": Stub(members={"__iter__": "() -> Iterator[bytes]", "__next__": "() -> bytes"}),
    "_io.TextIOWrapper": Stub("", "io.TextIOBase, TextIO"),
    "_io.StringIO": Stub("", "io.TextIOBase, TextIO"),
    "_io.FileIO": Stub("", "io.RawIOBase, BinaryIO"),
    **{f"_io.{name}": Stub("", "io.BufferedIOBase, BinaryIO") for name in _BINARY_FILES},
}
