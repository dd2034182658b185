"""How values that have no JSON are written as bytes, and read again, equal to what they were."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO, RawIOBase
from typing import TYPE_CHECKING, Any, Final, get_origin

from synaflow_airflow.codecs.hints import peel

if TYPE_CHECKING:
    from synaflow import TypeForm

__all__ = ["Format", "UnfitError", "format_for", "format_of", "named"]


class UnfitError(Exception):
    """A value can't be written in this format, or wouldn't come back equal. Says why."""


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write values as bytes.

    Attributes:
        name: What an entry says it is.
        ending: What its files' names end in.
        write: Writes a value to a file.
        read: The value that some bytes hold.
        verify: Raises `UnfitError` where what comes back is not the same; None where it always is.
    """

    name: str
    ending: str
    write: Callable[[Any, RawIOBase], None]
    read: Callable[[bytes], object]
    verify: Callable[[Any, Any], None] | None = None


def format_of(tp: TypeForm) -> str | None:
    """What values of a type are written as, decided from the annotated class; none of these packages is imported for it.

    Args:
        tp: A step's annotation.

    Returns:
        `"numpy"`, `"parquet"` (of pandas) or `"arrow"`; None where it is none of theirs. A class derived from one of
        theirs is not, for it wouldn't come back as it was.
    """
    while (inner := peel(tp)) is not tp:
        tp = inner
    cls = get_origin(tp) or tp
    return _family(cls) if isinstance(cls, type) else None


def _family(cls: type) -> str | None:
    package, name = cls.__module__.partition(".")[0], cls.__name__
    if package == "numpy":
        names = {base.__name__ for base in cls.__mro__ if base.__module__ == "numpy"}
        return "numpy" if name == "ndarray" or "generic" in names else None
    if package == "pandas":
        return "parquet" if name in ("DataFrame", "Series") else None
    if package == "pyarrow":
        names = {base.__name__ for base in cls.__mro__}
        return "arrow" if name in ("Table", "RecordBatch", "ChunkedArray") or "Array" in names else None
    return None


def format_for(family: str, value: object) -> Format:
    """The format of a family that fits a value.

    Raises:
        UnfitError: None does.
    """
    if family in ("json", "pickle"):
        return named(family)
    if _family(type(value)) != family:
        raise UnfitError(
            f"it is a {type(value).__module__}.{type(value).__qualname__}, which is not written as {family}"
        )
    if family == "numpy":
        return named("numpy" if type(value).__name__ == "ndarray" else "numpy scalar")
    name = type(value).__name__
    if family == "arrow" and name not in ("Table", "RecordBatch", "ChunkedArray"):
        name = "Array"
    return named(f"{family} {name}")


def named(name: str) -> Format:
    """The format of that name.

    Raises:
        KeyError: There is none.
    """
    return _FORMATS[name]


def _write_json(value: object, file: RawIOBase) -> None:
    try:
        file.write(json.dumps(value, separators=(",", ":")).encode("ascii"))
    except (TypeError, ValueError, RecursionError) as error:
        raise UnfitError(f"it is no JSON: {error}") from error


def _write_pickle(value: object, file: RawIOBase) -> None:
    try:
        pickle.dump(value, file, protocol=5)
    except OSError:  # of the file
        raise
    except Exception as error:  # whatever a class raises when it is pickled
        raise UnfitError(f"it can't be pickled: {type(error).__name__}: {error}") from error


def _read_pickle(data: bytes) -> object:
    return pickle.loads(data)  # noqa: S301  # asked for, step by step, in `pickled=`


def _write_numpy(value: Any, file: RawIOBase) -> None:  # noqa: ANN401  # numpy may not be installed
    import numpy

    if value.dtype.hasobject:
        raise UnfitError("it is an array of Python objects")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy warns of what it leaves out of a dtype
        try:
            written = numpy.lib.format.dtype_to_descr(value.dtype)
            kept = numpy.lib.format.descr_to_dtype(written) == value.dtype
        except (UserWarning, ValueError):
            kept = False
    if not kept:
        raise UnfitError(f"numpy doesn't write all of its dtype, {value.dtype!r}")
    numpy.save(file, value, allow_pickle=False)


def _read_numpy(data: bytes) -> object:
    import numpy

    return numpy.load(BytesIO(data), allow_pickle=False)


def _read_scalar(data: bytes) -> object:
    import numpy

    return numpy.load(BytesIO(data), allow_pickle=False)[()]


def _write_batches(table: Any, file: RawIOBase) -> None:  # noqa: ANN401  # pyarrow may not be installed
    import pyarrow

    with pyarrow.ipc.new_stream(file, table.schema) as stream:  # a stream, unlike a file, may change a dictionary
        stream.write(table)


def _read_table(data: bytes) -> Any:  # noqa: ANN401  # pyarrow may not be installed
    import pyarrow

    return pyarrow.ipc.open_stream(data).read_all()


def _read_batch(data: bytes) -> object:
    import pyarrow

    return pyarrow.ipc.open_stream(data).read_next_batch()


def _write_array(array: Any, file: RawIOBase) -> None:  # noqa: ANN401  # pyarrow may not be installed
    import pyarrow

    _write_batches(pyarrow.table({"value": array}), file)


def _read_chunks(data: bytes) -> Any:  # noqa: ANN401  # pyarrow may not be installed
    return _read_table(data).column(0)


def _read_array(data: bytes) -> object:
    import pyarrow

    chunks = _read_chunks(data).chunks
    return chunks[0] if len(chunks) == 1 else pyarrow.array([], type=_read_chunks(data).type)


def _verify_table(back: Any, value: Any) -> None:  # noqa: ANN401  # pyarrow may not be installed
    if not back.schema.equals(value.schema, check_metadata=True) or back.num_rows != value.num_rows:
        raise UnfitError("Arrow's own file format doesn't keep all of it")


def _verify_array(back: Any, value: Any) -> None:  # noqa: ANN401  # pyarrow may not be installed
    if type(back) is not type(value) or back.type != value.type or len(back) != len(value):
        raise UnfitError("Arrow's own file format doesn't keep all of it")


def _write_frame(value: Any, file: RawIOBase) -> None:  # noqa: ANN401  # pandas may not be installed
    from synaflow_airflow.frames import write_frame

    write_frame(value, file)


def _read_frame(data: bytes) -> object:
    from synaflow_airflow.frames import read_frame

    return read_frame(data)


def _verify_frame(back: Any, value: Any) -> None:  # noqa: ANN401  # pandas may not be installed
    from synaflow_airflow.frames import verify_frame

    verify_frame(back, value)


_FORMATS: Final = {
    each.name: each
    for each in (
        Format("json", "json", _write_json, json.loads),
        Format("pickle", "pickle", _write_pickle, _read_pickle),
        Format("numpy", "npy", _write_numpy, _read_numpy),
        Format("numpy scalar", "npy", _write_numpy, _read_scalar),
        Format("parquet DataFrame", "parquet", _write_frame, _read_frame, _verify_frame),
        Format("parquet Series", "parquet", _write_frame, _read_frame, _verify_frame),
        Format("arrow Table", "arrow", _write_batches, _read_table, _verify_table),
        Format("arrow RecordBatch", "arrow", _write_batches, _read_batch, _verify_table),
        Format("arrow ChunkedArray", "arrow", _write_array, _read_chunks, _verify_array),
        Format("arrow Array", "arrow", _write_array, _read_array, _verify_array),
    )
}
