"""Values through Airflow's `ObjectStoragePath`: on real files, and on a store that knows neither folders nor renaming."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, NewType

import pytest

pytest.importorskip("airflow")

from airflow.sdk.io import attach
from hypothesis import given
from hypothesis import strategies as st

from synaflow_airflow.errors import HandoffError
from synaflow_airflow.handoff import Handoff, Key, clean, format_of, read, write

np: Any = pytest.importorskip("numpy")
pd: Any = pytest.importorskip("pandas")
pa: Any = pytest.importorskip("pyarrow")

RUN = "manual__2026-01-01T00:00:00+00:00"
KEY = Key("flights", RUN, "late", 1, -1, "rows")


STORE: Any = import_module("fsspec.implementations.memory").MemoryFileSystem(skip_instance_cache=True)
"""A store that renames by copying, as object stores do."""

attach("memory", fs=STORE)
attach("memory", "connection", fs=STORE)


@pytest.fixture(params=["file", "memory", "memory with a connection"])
def handoff(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Handoff]:
    base = {
        "file": f"file://{tmp_path}/hand off",
        "memory": "memory://bucket/handoff",
        "memory with a connection": "memory://connection@bucket/handoff/",
    }[request.param]
    yield Handoff(base, pickled=frozenset({"rows"}))
    STORE.store.clear()


@pytest.fixture
def on_files(tmp_path: Path) -> Handoff:
    return Handoff(f"file://{tmp_path}/handoff", pickled=frozenset({"rows"}))


def files(handoff: Handoff) -> list[str]:
    """The files below the base, as paths from there."""
    if handoff.base.startswith("file://"):
        base = Path(handoff.base.removeprefix("file://"))
        return sorted(str(path.relative_to(base)) for path in base.rglob("*") if path.is_file())
    return sorted(path.removeprefix("/bucket/handoff/") for path in STORE.store)


def there_and_back(handoff: Handoff, value: object, format: str, key: Key = KEY) -> Any:
    entry = write(handoff, key, value, format)
    assert json.loads(json.dumps(entry)) == entry
    return read(json.loads(json.dumps(entry)), key.step, key.task_id, handoff)


# What is written as what


class Derived(np.ndarray):  # type: ignore[misc]
    """An array of a user's own."""


Rows = NewType("Rows", pd.DataFrame)  # type: ignore[valid-newtype]


@pytest.mark.parametrize(
    ("tp", "format"),
    [
        (np.ndarray, "numpy"),
        (np.ndarray[tuple[int, ...], np.dtype[np.float64]], "numpy"),
        (Annotated[np.ndarray, "metres"], "numpy"),
        (np.float64, "numpy"),
        (np.datetime64, "numpy"),
        (pd.DataFrame, "parquet"),
        (pd.Series, "parquet"),
        (Rows, "parquet"),
        (pa.Table, "arrow"),
        (pa.RecordBatch, "arrow"),
        (pa.Array, "arrow"),
        (pa.Int64Array, "arrow"),
        (pa.ChunkedArray, "arrow"),
        (Derived, None),
        (np.ma.MaskedArray, None),
        (np.dtype, None),
        (pd.Index, None),
        (pa.Schema, None),
        (int, None),
        (list[np.ndarray], None),
        (np.ndarray | None, None),
        (Any, None),
        (None, None),
        ("np.ndarray", None),
    ],
)
def test_the_format_of_a_type(tp: Any, format: str | None) -> None:
    assert format_of(tp) == format


def test_nothing_heavy_is_imported_before_a_value_is_written() -> None:
    program = (
        "import sys; from synaflow_airflow.handoff import Handoff, format_of; "
        "Handoff('s3://bucket/x'); format_of(int); format_of(type('ndarray', (), {'__module__': 'numpy'})); "
        "print({'airflow', 'fsspec', 'numpy', 'pandas', 'pyarrow'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=50)
    assert done.stdout.strip() == "set()", done.stderr


ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.arange(10)[::3],
    np.array(5),
    np.array([], dtype="float32"),
    np.array([1, 2], dtype=">i4"),
    np.array(["a", "ü"]),
    np.array([b"a"]),
    np.array(["2024-02-29", "NaT"], dtype="datetime64[ms]"),
    np.array([1 + 2j, np.nan]),
    np.array([(1, 2.5)], dtype=[("a", "i2"), ("b", "f8")]),
    np.array([True, False]),
]


@pytest.mark.parametrize("value", ARRAYS, ids=lambda value: str(value.dtype))
def test_arrays(handoff: Handoff, value: Any) -> None:
    back = there_and_back(handoff, value, "numpy")
    assert type(back) is np.ndarray
    assert back.dtype == value.dtype
    np.testing.assert_array_equal(back, value, strict=True)


@pytest.mark.parametrize(
    "value",
    [np.float64(0.1), np.int8(-3), np.bool_(True), np.datetime64("2024-02-29", "D"), np.complex64(1j), np.str_("ü")],
)
def test_scalars(on_files: Handoff, value: Any) -> None:
    back = there_and_back(on_files, value, "numpy")
    assert (back, type(back), back.dtype) == (value, type(value), value.dtype)


FRAMES = {
    "plain": pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.1, float("nan")]}),
    "empty": pd.DataFrame(),
    "numbered columns": pd.DataFrame(np.arange(4.0).reshape(2, 2)),
    "other numbers": pd.DataFrame({5: [1], 3: [2]}),
    "no rows": pd.DataFrame({"a": pd.array([], dtype="int64")}),
    "a frequency": pd.DataFrame(
        {"a": range(3)}, index=pd.date_range("2024-02-28", periods=3, freq="D", tz="Europe/Berlin")
    ),
    "two indices": pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["n", None])
    ),
    "a named index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key")),
    "every second": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(0, 4, 2)),
    "categories": pd.DataFrame({"a": pd.Categorical(["x", "y"], ["y", "x", "z"], ordered=True)}),
    "nullable": pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": pd.array([True, None], dtype="boolean")}),
    "times": pd.DataFrame({"a": pd.to_datetime(["2024-02-29"]), "b": pd.to_timedelta(["1us"])}),
    "periods": pd.DataFrame({"a": [1, 2]}, index=pd.period_range("2024-01", periods=2, freq="M")),
    "small types": pd.DataFrame({"a": np.array([1], dtype="int8"), "b": np.array([1], dtype="float32")}),
    "decimals": pd.DataFrame({"a": [Decimal("1.10"), Decimal("2.00")]}),
    "named columns": pd.DataFrame({"a": [1]}).rename_axis(columns="columns"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames(handoff: Handoff, name: str) -> None:
    value = FRAMES[name].copy()
    value.attrs = {"source": "sensor", "units": {"a": "m"}}
    back = there_and_back(handoff, value, "parquet")
    pd.testing.assert_frame_equal(back, value, check_exact=True, check_index_type=True, check_column_type=True)
    assert back.attrs == value.attrs == {"source": "sensor", "units": {"a": "m"}}
    assert back.index.names == value.index.names


@pytest.mark.parametrize("name", [None, "n", 5])
def test_series(handoff: Handoff, name: object) -> None:
    value = pd.Series([1, 2], index=pd.date_range("2024-01-01", periods=2, freq="h"), name=name)
    value.attrs["k"] = 1
    back = there_and_back(handoff, value, "parquet")
    pd.testing.assert_series_equal(back, value, check_exact=True)
    assert (back.name, back.attrs) == (name, {"k": 1})


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [1, "x"]}, dtype=object),
        pd.DataFrame({"a": [[1, 2], [3]]}),
        pd.DataFrame({"a": [(1,), (2,)]}),
        pd.DataFrame({"a": [object()]}),
        pd.DataFrame({"a": [1j]}),
        pd.DataFrame({"a": [bytearray(b"a")]}),
        pd.DataFrame({"a": pd.Series([b"a", float("nan")], dtype=object)}),
        pd.DataFrame({"a": [1]}, index=pd.Index([bytearray(b"a")], dtype=object)),
        pd.Series([1], name=("a", "b")),
        pd.Series([1], index=pd.Index([1], name=("a", "b"))),
    ],
    ids=str,
)
def test_what_parquet_does_not_give_back_as_it_was_is_refused(handoff: Handoff, value: Any) -> None:
    with pytest.raises(HandoffError, match=r"the value of 'rows' can't be handed over: .*pickled=\['rows'\]"):
        write(handoff, KEY, value, "parquet")
    assert files(handoff) == []


def test_attributes_that_are_no_json(on_files: Handoff) -> None:
    value = pd.DataFrame({"a": [1]})
    value.attrs = {"when": object()}
    with pytest.raises(HandoffError, match="its attrs or its name are no JSON"):
        write(on_files, KEY, value, "parquet")


def test_a_frame_is_left_as_it_was(on_files: Handoff) -> None:
    value = pd.DataFrame({"a": [1]})
    write(on_files, KEY, value, "parquet")
    assert value.attrs == {}


TABLE = pa.table({"a": [1, None], "b": ["x", "y"]}).replace_schema_metadata({"k": "v"})


@pytest.mark.parametrize(
    "value",
    [
        TABLE,
        TABLE.to_batches()[0],
        pa.array([1, None, 3]),
        pa.array(["a", "bc"])[1:],
        pa.array([], type=pa.list_(pa.int8())),
        pa.array(["a", "b", "a"]).dictionary_encode(),
        pa.chunked_array([[1, 2], [3]]),
        pa.chunked_array([pa.array(["a"]).dictionary_encode(), pa.array(["b"]).dictionary_encode()]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_arrow(handoff: Handoff, value: Any) -> None:
    back = there_and_back(handoff, value, "arrow")
    assert type(back) is type(value)
    assert back.equals(value)
    if hasattr(value, "schema"):
        assert back.schema.equals(value.schema, check_metadata=True)
    else:
        assert back.type == value.type


@pytest.mark.parametrize(
    "value", [None, {"a": [1, 2.5, "ü", "\ud800", None, True]}, "x" * 100_000, 2**70, float("inf")]
)
def test_json(handoff: Handoff, value: object) -> None:
    assert there_and_back(handoff, value, "json") == value


@dataclass
class Thing:
    name: str


def test_pickles_where_they_are_asked_for(handoff: Handoff) -> None:
    assert there_and_back(handoff, [Thing("a")], "pickle") == [Thing("a")]
    with pytest.raises(
        HandoffError, match=r"the value of 'other' may not be pickled: ask for it with pickled=\['other'\]"
    ):
        write(handoff, Key("d", "r", "t", 1, -1, "other"), 1, "pickle")


@pytest.mark.parametrize(
    ("value", "format", "reason"),
    [
        ({1, 2}, "json", "it is no JSON"),
        (lambda: 1, "pickle", "it can't be pickled"),
        (np.array([object()]), "numpy", "it is an array of Python objects"),
        (np.arange(3).view(Derived), "numpy", "which is not written as numpy"),
        (np.ma.array([1, 2], mask=[True, False]), "numpy", "which is not written as numpy"),
        (np.array([1], dtype=np.dtype("i4", metadata={"k": 1})), "numpy", "numpy doesn't write all of its dtype"),
        ([1], "numpy", "it is a builtins.list, which is not written as numpy"),
        (pd.DataFrame({"a": [1]}), "arrow", "which is not written as arrow"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_its_format(handoff: Handoff, value: object, format: str, reason: str) -> None:
    with pytest.raises(HandoffError, match=f"the value of 'rows' can't be handed over: .*{reason}.*the ways out"):
        write(handoff, KEY, value, format)
    assert files(handoff) == []


# Where it is


def test_a_path_is_readable(handoff: Handoff) -> None:
    entry = write(handoff, KEY, 1, "json")
    tail = "flights/manual__2026-01-01T00%3A00%3A00%2B00%3A00/late/try-1/rows.json"
    assert entry["path"] == f"{handoff.base.rstrip('/')}/{tail}"
    assert files(handoff) == [tail]
    assert entry["format"] == "json"
    assert entry["bytes"] == 1


IDS = st.text(min_size=0, max_size=6) | st.sampled_from(
    ["..", ".", "a/b", "a%2Fb", "a~b", "x" * 300, "ü" * 250, "../x"]
)
KEYS = st.builds(Key, IDS, IDS, IDS, st.integers(1, 3), st.integers(-1, 2), IDS)


@given(KEYS, KEYS)
def test_no_two_keys_share_a_path(one: Key, other: Key) -> None:
    assert (one.parts() == other.parts()) == (one == other)
    for part in one.parts():
        assert 0 < len(part) <= 180
        assert part.isascii()
        assert set(part).isdisjoint("/\\*?[]{} :#")
        assert not part.startswith(".")


@pytest.mark.parametrize("hostile", ["..", "../../x", "/etc", "a*", "[a]", "x" * 250, "ü" * 250, "\ud800", "a\0b", "~"])
def test_names_of_any_kind_stay_below_the_base(handoff: Handoff, hostile: str, tmp_path: Path) -> None:
    key = Key(hostile, hostile, hostile, 1, 3, hostile)
    beside = write(handoff, KEY, "beside", "json")
    entry = write(handoff, key, {"a": 1}, "json")
    assert read(entry, key.step, key.task_id) == {"a": 1}
    assert len(files(handoff)) == 2
    assert {path.name for path in tmp_path.iterdir()} <= {"hand off"}
    assert clean(handoff, hostile, hostile) == 1
    assert read(beside, "rows", "late") == "beside"


def test_long_names_that_begin_alike_differ() -> None:
    one, other = (Key("d", "r" * 300 + end, "t", 1, -1, "s") for end in "ab")
    assert one.parts() != other.parts()
    named_like_it = Key("d", one.parts()[1], "t", 1, -1, "s")
    assert named_like_it.parts() != one.parts()


def test_each_try_and_each_mapped_task_has_its_own(handoff: Handoff) -> None:
    keys = [Key("d", "r", "t", number, index, "s") for number in (1, 2) for index in (-1, 0, 1)]
    entries = [write(handoff, key, at, "json") for at, key in enumerate(keys)]
    assert [read(entry, "s", "t") for entry in entries] == list(range(6))


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ("handoff", "give the folder as a URL"),
        ("/var/handoff", "give the folder as a URL"),
        ("s3://", "give the folder as a URL"),
        (5, "give the folder as a URL"),
        ("file://var/handoff", "three slashes"),
        ("s3://bucket/*/x", "can't be part of it"),
        ("s3://bucket/a?b", "can't be part of it"),
        ("file:///var/../etc", "without '..'"),
    ],
)
def test_a_base_that_is_none(base: Any, reason: str) -> None:
    with pytest.raises(HandoffError, match=reason.replace(".", r"\.")):
        Handoff(base)


def test_settings_that_are_none() -> None:
    with pytest.raises(HandoffError, match="give the names of steps in a list"):
        Handoff("file:///x", pickled="rows")  # type: ignore[arg-type]
    for over in (-1, True, 1.5):
        with pytest.raises(HandoffError, match="give a number of bytes"):
            Handoff("file:///x", over)  # type: ignore[arg-type]


def test_a_handoff_is_json() -> None:
    handoff = Handoff("s3://bucket/x", 5, frozenset({"b", "a"}))
    told = handoff.to_dict()
    assert told == {"base": "s3://bucket/x", "over": 5, "pickled": ["a", "b"]}
    assert Handoff.from_dict(json.loads(json.dumps(told))) == handoff


def test_a_store_that_is_not_installed() -> None:
    with pytest.raises(Exception, match="s3"):
        write(Handoff("s3://bucket/x"), KEY, 1, "json")


# Whole or not at all


def local(entry: dict[str, object]) -> Path:
    return Path(str(entry["path"]).removeprefix("file://"))


def test_a_value_that_is_gone(handoff: Handoff) -> None:
    entry = write(handoff, KEY, 1, "json")
    clean(handoff, KEY.dag_id, KEY.run_id)
    with pytest.raises(HandoffError) as caught:
        read(entry, "rows", "late")
    assert str(caught.value) == (
        f"the value of 'rows' isn't at {entry['path']} any more (it is removed when the run has ended): clear the task "
        "'late' too, so that it gives the value again"
    )


@pytest.mark.parametrize(("left", "said"), [(b"12", "2 bytes"), (b"", "0 bytes"), (b"54321", "5 bytes and others")])
def test_a_value_that_is_another(on_files: Handoff, left: bytes, said: str) -> None:
    entry = write(on_files, KEY, 12345, "json")
    local(entry).write_bytes(left)
    with pytest.raises(
        HandoffError, match=f"is not the value that 'rows' gave, 5 bytes, but {said}: clear the task 'late' too"
    ):
        read(entry, "rows", "late")


def test_bytes_that_cannot_be_read(on_files: Handoff) -> None:
    entry = write(on_files, KEY, 12345, "json")
    with pytest.raises(HandoffError, match="can't be read as arrow Table: ArrowInvalid"):
        read({**entry, "format": "arrow Table"}, "rows", "late")


@pytest.mark.parametrize(
    "path",
    [
        None,
        5,
        "/etc/passwd",
        "file:///etc/passwd",
        "{base}",
        "{base}x/y",
        "{base}/../y",
        "{base}/a/../../y",
        "s3://b/x",
    ],
)
def test_an_xcom_that_was_edited_reads_no_other_file(on_files: Handoff, path: object) -> None:
    entry = write(on_files, KEY, 1, "json")
    edited = path.format(base=on_files.base) if isinstance(path, str) else path
    with pytest.raises(
        HandoffError, match=r"the XCom of 'rows' names .*, where nothing of this DAG is ever handed over"
    ):
        read({**entry, "path": edited}, "rows", "late", on_files)


def test_an_xcom_that_was_edited_loads_no_pickle(on_files: Handoff) -> None:
    entry = write(on_files, KEY, 1, "pickle")
    assert read(entry, "rows", "late", on_files) == 1
    with pytest.raises(HandoffError, match="the XCom of 'rows' names a pickle, and there is no "):
        read(entry, "rows", "late", Handoff(on_files.base))


class Fails:
    """Is written half, and no further."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __reduce__(self) -> Any:
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("no"), SystemExit(143), KeyboardInterrupt(), OSError("disk full")])
def test_half_a_value_is_removed_at_once(handoff: Handoff, error: BaseException) -> None:
    expected = HandoffError if isinstance(error, RuntimeError) else type(error)
    with pytest.raises(expected):
        write(handoff, KEY, [b"x" * 1_000_000, Fails(error)], "pickle")
    assert files(handoff) == []


def test_a_rename_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*paths: str) -> None:
        raise OSError("no rename today")

    handoff = Handoff("memory://bucket/handoff")
    monkeypatch.setattr(STORE, "mv", fail)
    with pytest.raises(OSError, match="no rename today"):
        write(handoff, KEY, 1, "json")
    assert files(handoff) == []


def test_writing_again_replaces(handoff: Handoff) -> None:
    write(handoff, KEY, "old", "json")
    entry = write(handoff, KEY, "new", "json")
    assert read(entry, "rows", "late") == "new"
    assert len(files(handoff)) == 1


def test_a_folder_that_another_run_just_cleaned_away_is_made_again(
    on_files: Handoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = import_module("fsspec.implementations.local").LocalFileSystem
    make = local.makedirs
    left = [3]

    def and_another_removes_it(self: Any, path: str, exist_ok: bool = False) -> None:
        make(self, path, exist_ok)
        left[0] -= 1
        if left[0] >= 0:
            Path(path).rmdir()

    monkeypatch.setattr(local, "makedirs", and_another_removes_it)
    assert there_and_back(on_files, 1, "json") == 1
    left[0] = 1_000
    with pytest.raises(FileNotFoundError):
        write(on_files, Key("d", "r", "t", 1, -1, "other"), 2, "json")


WRITER = """
import json, sys
import numpy as np
from synaflow_airflow.handoff import Handoff, Key, write

class Waits:
    def __reduce__(self):
        print("half", flush=True)
        sys.stdin.read()

handoff = Handoff(sys.argv[1], pickled={"rows"})
if sys.argv[2] == "half":
    write(handoff, Key("flights", "run", "late", 1, -1, "rows"), [b"x" * 5_000_000, Waits()], "pickle")
number = 0
while True:
    number += 1
    key = Key("flights", "run", "late", number, -1, "rows")
    print(json.dumps(write(handoff, key, np.full(200_000, number), "numpy")), flush=True)
"""


def writer(handoff: Handoff, how: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITER, handoff.base, how]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_killed_in_the_middle_of_a_write_the_retry_gives_a_whole_value(on_files: Handoff) -> None:
    with writer(on_files, "half") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n", process.stderr and process.stderr.read()
        process.send_signal(signal.SIGKILL)
    (left,) = files(on_files)
    assert left.endswith(".tmp")
    assert (Path(on_files.base.removeprefix("file://")) / left).stat().st_size >= 4_000_000

    for number in (1, 2):  # the same try again, as some executors do, and the next
        entry = write(on_files, Key("flights", "run", "late", number, -1, "rows"), [number], "pickle")
        assert read(entry, "rows", "late") == [number]
    assert clean(on_files, "flights", "run") == 3
    assert files(on_files) == []


def test_killed_at_any_moment_no_name_stands_for_half_a_value(on_files: Handoff) -> None:
    entries = []
    with writer(on_files, "loop") as process:
        assert process.stdout is not None
        entries += [json.loads(process.stdout.readline()) for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        entries += [json.loads(line) for line in process.stdout if line.endswith("\n")]
    for number, entry in enumerate(entries, 1):
        assert (read(entry, "rows", "late") == np.full(200_000, number)).all()
    base = Path(on_files.base.removeprefix("file://"))
    finished = [base / name for name in files(on_files) if not name.endswith(".tmp")]
    assert len(finished) >= len(entries) >= 20
    for path in finished:
        assert len(np.load(path)) == 200_000


# Cleaning up


def test_a_run_is_cleaned_up_and_no_other(handoff: Handoff) -> None:
    mine = [Key("d", "r1", task, 1, -1, step) for task in ("t", "u") for step in ("a", "b")]
    others = [Key("d", "r2", "t", 1, -1, "a"), Key("e", "r1", "t", 1, -1, "a"), Key("d", "r1.", "t", 1, -1, "a")]
    kept = [write(handoff, key, at, "json") for at, key in enumerate(others)]
    for key in mine:
        write(handoff, key, 0, "json")
    assert clean(handoff, "d", "r1") == 4
    assert [read(entry, "a", "t") for entry in kept] == [0, 1, 2]
    assert clean(handoff, "d", "r1") == 0
    assert clean(handoff, "never", "was") == 0


def test_the_folder_of_a_dag_goes_with_its_last_run(on_files: Handoff) -> None:
    base = Path(on_files.base.removeprefix("file://"))
    for run in ("r1", "r2"):
        write(on_files, Key("d", run, "t", 1, -1, "a"), 0, "json")
    clean(on_files, "d", "r1")
    assert [path.name for path in base.iterdir()] == ["d"]
    clean(on_files, "d", "r2")
    assert list(base.iterdir()) == []


def test_what_a_link_points_to_stays(on_files: Handoff, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_text("mine")
    entry = write(on_files, Key("d", "r", "t", 1, -1, "a"), 0, "json")
    (local(entry).parent / "link").symlink_to(outside)
    clean(on_files, "d", "r")
    assert not local(entry).exists()
    assert (outside / "mine").read_text() == "mine"


def test_a_module_of_its_own_is_not_needed_to_read(on_files: Handoff) -> None:
    """A value of a class that is gone is an error that says so, and no crash."""
    module = ModuleType("here_today")
    exec("class Gone:\n    pass", module.__dict__)
    sys.modules["here_today"] = module
    try:
        entry = write(on_files, KEY, module.Gone(), "pickle")
    finally:
        del sys.modules["here_today"]
    with pytest.raises(
        HandoffError, match="can't be read as pickle: ModuleNotFoundError: No module named 'here_today'"
    ):
        read(entry, "rows", "late")
    assert pickle.loads(pickle.dumps(Thing("a"))) == Thing("a")
