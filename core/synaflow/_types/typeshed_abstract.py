"""typeshed's excerpt for `collections.abc` (its `typing.pyi`): nearly all of it is protocols."""

from __future__ import annotations

import sys

from synaflow._types.stubs import Stub, comparable

__all__ = ["ABSTRACT"]

#: By the class's name in `collections.abc`.
ABSTRACT: dict[str, Stub] = {
    "Hashable": Stub(members={"__hash__": "() -> int"}, is_protocol=True),
    "Sized": Stub(members={"__len__": "() -> int"}, is_protocol=True),
    "Iterable": Stub("T_co", "", {"__iter__": "() -> Iterator[T_co]"}, is_protocol=True),
    "Iterator": Stub(
        "T_co",
        "Iterable[T_co]",
        {"__next__": "() -> T_co", "__iter__": "() -> Iterator[T_co]"},
        is_protocol=True,
    ),
    "Reversible": Stub("T_co", "Iterable[T_co]", {"__reversed__": "() -> Iterator[T_co]"}, is_protocol=True),
    "Container": Stub("T_co", "", {"__contains__": "(object) -> bool"}, is_protocol=True),
    "Collection": Stub("T_co", "Iterable[T_co], Container[T_co]", {"__len__": "() -> int"}, is_protocol=True),
    "Generator": Stub(
        "Yield_co, Send_contra, Return_co",
        "Iterator[Yield_co]",
        {
            "__next__": "() -> Yield_co",
            "__iter__": "() -> Generator[Yield_co, Send_contra, Return_co]",
            "send": "(Send_contra) -> Yield_co",
            "throw": "(BaseException) -> Yield_co",
            "close": "() -> Return_co | None" if sys.version_info >= (3, 13) else "() -> None",
        },
        defaults="None, None",
        is_protocol=True,
    ),
    "Awaitable": Stub("T_co", "", {"__await__": "() -> Generator[Any, Any, T_co]"}, is_protocol=True),
    "Coroutine": Stub(
        "Yield_co, Send_contra, Return_co",
        "Awaitable[Return_co]",
        {
            "send": "(Send_contra) -> Yield_co",
            "throw": "(BaseException) -> Yield_co",
            "close": "() -> None",
        },
        is_protocol=True,
    ),
    "AsyncIterable": Stub("T_co", "", {"__aiter__": "() -> AsyncIterator[T_co]"}, is_protocol=True),
    "AsyncIterator": Stub(
        "T_co",
        "AsyncIterable[T_co]",
        {"__anext__": "() -> Awaitable[T_co]", "__aiter__": "() -> AsyncIterator[T_co]"},
        is_protocol=True,
    ),
    "AsyncGenerator": Stub(
        "Yield_co, Send_contra",
        "AsyncIterator[Yield_co]",
        {
            "__anext__": "() -> Coroutine[Any, Any, Yield_co]",
            "asend": "(Send_contra) -> Coroutine[Any, Any, Yield_co]",
            "athrow": "(BaseException) -> Coroutine[Any, Any, Yield_co]",
            "aclose": "() -> Coroutine[Any, Any, None]",
        },
        defaults="None",
        is_protocol=True,
    ),
    "Buffer": Stub(members={"__buffer__": "(int) -> memoryview"}, is_protocol=True),
    "Sequence": Stub(
        "T_co",
        "Reversible[T_co], Collection[T_co]",
        {"__getitem__": "(int) -> T_co; (slice) -> Sequence[T_co]", "count": "(Any) -> int"},
    ),
    "MutableSequence": Stub(
        "T",
        "Sequence[T]",
        {
            "append": "(T) -> None",
            "__setitem__": "(int, T) -> None; (slice, Iterable[T]) -> None",
            "__delitem__": "(int | slice) -> None",
        },
    ),
    "Set": Stub("T_co", "Collection[T_co]", comparable("Set[Any]")),
    "MutableSet": Stub("T", "Set[T]", {"add": "(T) -> None", "discard": "(T) -> None"}),
    "MappingView": Stub("", "Sized"),
    "KeysView": Stub("KT_co", "MappingView, Set[KT_co]"),
    "ValuesView": Stub("VT_co", "MappingView, Collection[VT_co]"),
    "ItemsView": Stub("KT_co, VT_co", "MappingView, Set[tuple[KT_co, VT_co]]"),
    "Mapping": Stub(
        "KT, VT_co",
        "Collection[KT]",
        {
            "__getitem__": "(KT) -> VT_co",
            "get": "(KT) -> VT_co | None; (KT, object) -> object",
            "keys": "() -> KeysView[KT]",
            "values": "() -> ValuesView[VT_co]",
            "items": "() -> ItemsView[KT, VT_co]",
        },
    ),
    "MutableMapping": Stub(
        "KT, VT", "Mapping[KT, VT]", {"__setitem__": "(KT, VT) -> None", "__delitem__": "(KT) -> None"}
    ),
}
