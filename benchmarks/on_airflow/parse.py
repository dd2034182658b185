"""DAG files, parsed as Airflow's processor does: the same again in one process, and for the first time in one of its own."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.apart import told_by
from benchmarks.measure import Spread, interleaved, quotients, spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import DAG

    from benchmarks.on_airflow.home import Files

__all__ = ["compiled", "first_times", "frozen", "parse", "parsed_again"]


def parse(file: Path) -> DAG:
    """The DAG of a file."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(file))
    if bag.import_errors:
        raise ImportError("\n".join(bag.import_errors.values()))
    (dag,) = bag.dags.values()
    return dag


@contextmanager
def compiled(kept: bool) -> Iterator[None]:
    """Whether what Python compiles is kept beside its source: a dags folder may be one in which nothing can be written."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = not kept
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


@contextmanager
def frozen() -> Iterator[None]:
    """Keeps garbage collection from what there is by now, as Airflow's processor and executor do before they fork.

    Else, where it falls due, it goes through all of Airflow, which takes longer than what is measured.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def parsed_again(files: Files, rounds: int) -> tuple[Spread, ...]:
    """What parsing takes once all that it imports is there.

    Returns:
        The file by hand, in milliseconds. How many times as long take the generated file; that and the one by hand, where
        nothing compiled is kept; the one with `to_dag`; and the generated file with what is done of it next, in which
        Airflow puts the DAG into the form that the database has.
    """
    every = (files.by_hand, files.generated, files.by_factory)
    with compiled(kept=False):
        for file in every:  # so that all that they need is there
            _serialize(file)
        with frozen():
            each_time = interleaved(_named(parse, every[:2]), rounds)
    with frozen(), compiled(kept=True):
        taken = interleaved(_named(parse, every), rounds)
        whole = interleaved(_named(_serialize, every[:2]), rounds)
    return (
        spread([1000 * seconds for seconds in taken["by_hand"]]),
        quotients(taken, "generated", "by_hand"),
        quotients(each_time, "generated", "by_hand"),
        quotients(taken, "by_factory", "by_hand"),
        quotients(whole, "generated", "by_hand"),
    )


def first_times(files: Files, rounds: int) -> tuple[Spread, ...]:
    """What `benchmarks.on_airflow.first` tells: a process that has imported nothing of ours begins there."""
    told = told_by("benchmarks.on_airflow.first", rounds, files.by_hand, files.generated, files.by_factory)
    return tuple(Spread(*figure) for figure in json.loads(told.splitlines()[-1]))


def _serialize(file: Path) -> object:
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.to_dict(parse(file))


def _named(do: Callable[[Path], object], files: tuple[Path, ...]) -> dict[str, Callable[[], object]]:
    return {file.stem: partial(do, file) for file in files}
