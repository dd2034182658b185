"""pandas' frames and series as Parquet, with what pandas itself leaves out: frequencies, names and attributes."""

from __future__ import annotations

from io import BytesIO, RawIOBase
from typing import Any, Final

from synaflow_airflow.formats import UnfitError

__all__ = ["read_frame", "verify_frame", "write_frame"]

_OURS: Final = "synaflow"
"""The key, among the attributes that pandas writes, under which the rest of what a frame is stands."""

# ruff: noqa: ANN401  # pandas may not be installed


def write_frame(value: Any, file: RawIOBase) -> None:
    """Writes a DataFrame or Series.

    Raises:
        UnfitError: Parquet, or pandas, can't.
    """
    is_series = type(value).__name__ == "Series"
    frame = value.to_frame("value") if is_series else value.copy(deep=False)
    kept: dict[str, object] = {"attrs": value.attrs, "freq": getattr(value.index, "freqstr", None)}
    if is_series:
        kept["name"] = value.name
    if getattr(value.index, "dtype", None) is not None and str(value.index.dtype).startswith("period"):
        kept["freq"] = None  # part of the type there
    frame.attrs = {_OURS: kept}
    try:
        frame.to_parquet(file, engine="pyarrow", index=True)
    except OSError:  # of the file
        raise
    except Exception as error:  # pandas and pyarrow have no error in common
        raise UnfitError(f"Parquet can't hold it: {type(error).__name__}: {error}") from error


def read_frame(data: bytes) -> Any:
    """The DataFrame or Series that was written."""
    import pandas

    frame: Any = pandas.read_parquet(BytesIO(data), engine="pyarrow")
    kept: dict[str, Any] = frame.attrs[_OURS]
    if kept["freq"] is not None:
        frame.index.freq = kept["freq"]
    value = frame
    if "name" in kept:
        value = frame["value"]
        value.name = kept["name"]
    value.attrs = kept["attrs"]
    return value


def verify_frame(back: Any, value: Any) -> None:
    """Sees that a DataFrame or Series came back as it was.

    Raises:
        UnfitError: It didn't.
    """
    import pandas

    exact: dict[str, Any] = {"check_exact": True, "check_index_type": True}
    try:
        if type(value).__name__ == "Series":
            pandas.testing.assert_series_equal(back, value, **exact)
            columns = [(back, value)]
        else:
            pandas.testing.assert_frame_equal(back, value, check_column_type=True, **exact)
            columns = [(back.iloc[:, at], value.iloc[:, at]) for at in range(len(value.columns))]
    except Exception as error:  # an AssertionError, or what comparing the user's objects raises
        raise UnfitError(f"it wouldn't come back from Parquet as it is: {' '.join(str(error).split())}") from error
    if repr(back.attrs) != repr(value.attrs) or repr(back.index.names) != repr(value.index.names):
        raise UnfitError("its attrs or the names of its index wouldn't come back from Parquet as they are")
    if type(value).__name__ == "Series" and repr(back.name) != repr(value.name):
        raise UnfitError("its name wouldn't come back from Parquet as it is")
    columns += [
        (back.index.get_level_values(at), value.index.get_level_values(at)) for at in range(value.index.nlevels)
    ]
    for one, other in columns:
        if one.dtype == object and any(type(a) is not type(b) for a, b in zip(one, other, strict=True)):
            raise UnfitError("it holds Python objects whose types Parquet doesn't keep")
