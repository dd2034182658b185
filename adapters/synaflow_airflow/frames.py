"""pandas' frames and series as Parquet, with what pandas itself leaves out: frequencies, names and attributes.

Equal is what pandas calls so, and no Python object of another type. Decimals of one column get the exponent of the longest.
"""

from __future__ import annotations

import json
import warnings
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
    is_period = str(getattr(value.index, "dtype", "")).startswith("period")  # its frequency is part of its type
    kept: dict[str, object] = {
        "attrs": value.attrs,
        "freq": None if is_period else getattr(value.index, "freqstr", None),
    }
    if is_series:
        kept["name"] = value.name
    elif type(value.columns).__name__ == "RangeIndex":
        kept["columns"] = [value.columns.start, value.columns.stop, value.columns.step]
    try:
        text = json.dumps(kept)
    except (TypeError, ValueError) as error:
        raise UnfitError(f"its attrs or its name are no JSON: {error}") from error
    if repr(json.loads(text)) != repr(kept):
        raise UnfitError("its attrs or its name are not the same as JSON")
    frame.attrs = {_OURS: text}
    try:
        with warnings.catch_warnings():  # of what wouldn't come back; that is seen afterwards
            warnings.simplefilter("ignore")
            frame.to_parquet(file, engine="pyarrow")
    except OSError:  # of the file
        raise
    except Exception as error:  # pandas and pyarrow have no error in common
        raise UnfitError(f"Parquet can't hold it: {type(error).__name__}: {error}") from error


def read_frame(data: bytes) -> Any:
    """The DataFrame or Series that was written."""
    import pandas

    frame: Any = pandas.read_parquet(BytesIO(data), engine="pyarrow")
    kept: dict[str, Any] = json.loads(frame.attrs[_OURS])
    if kept["freq"] is not None:
        frame.index.freq = kept["freq"]
    if "columns" in kept:
        frame.columns = pandas.RangeIndex(*kept["columns"], name=frame.columns.name)
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
    columns += [
        (back.index.get_level_values(at), value.index.get_level_values(at)) for at in range(value.index.nlevels)
    ]
    for one, other in columns:
        if one.dtype == object and any(type(a) is not type(b) for a, b in zip(one, other, strict=True)):
            raise UnfitError("it holds Python objects whose types Parquet doesn't keep")
