"""Names as Airflow takes them: of DAGs and tasks, and of the functions in a generated file."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from hashlib import sha256
from typing import Final

__all__ = ["CLEAN_UP", "SUMMARY", "airflow_id", "airflow_ids", "function_names", "is_airflow_id", "variable_names"]

CLEAN_UP: Final = "clean-up"
"""The id of the task that empties the hand-off. A step can't be called that: it is no identifier."""

SUMMARY: Final = "run-summary"
"""The key of the XCom in which a task tells how its steps went. It can't be a step's either."""

_LONGEST: Final = 200
"""Airflow takes ids of 250 characters, but a task group's name comes before some of them."""

_RESERVED: Final = frozenset(
    {"DAG", "DOCS", "PIPELINE", "Param", "Path", "SETTINGS", "UTC", "dag", "datetime", "task", "timedelta"}
)
"""What a generated file means something else by."""


def airflow_id(name: str) -> str:
    """A name as an id of letters, digits, `_`, `-` and `.`; where that loses something, with a hash of the name at its end.

    Airflow takes the letters of any script, but the server that `dag.test()` runs in its process fails at a URL with them.

    Example:
        >>> airflow_id("late"), airflow_id("résumé"), airflow_id("daily report")
        ('late', 'resume', 'daily_report')
        >>> airflow_id("größe")
        'gro_e_d353a2'
    """
    decomposed = unicodedata.normalize("NFKD", name)
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    told = re.sub(r"[^\w.-]+", "_", letters, flags=re.ASCII).strip("_.") or "step"
    lost = any(letter.isalnum() and not letter.isascii() for letter in letters) or len(told) > _LONGEST
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{told[: _LONGEST - 7]}_{digest}" if lost else told


def is_airflow_id(name: str) -> bool:
    """Whether Airflow takes it as the id of a DAG."""
    return isinstance(name, str) and re.fullmatch(r"[\w.-]{1,250}", name) is not None


def airflow_ids(names: Iterable[str]) -> dict[str, str]:
    """An id for each name, no two alike.

    Example:
        >>> airflow_ids(["a", "b c", "b/c"])
        {'a': 'a', 'b c': 'b_c', 'b/c': 'b_c_2'}
    """
    return _apart(names, airflow_id)


def function_names(ids: Iterable[str]) -> dict[str, str]:
    """A Python name for each id that hides nothing a generated file uses, no two alike.

    Example:
        >>> function_names(["rows", "task", "print", "clean-up"])
        {'rows': 'rows', 'task': 'task_', 'print': 'print_', 'clean-up': 'clean_up'}
    """
    return _apart(ids, _function_name)


def variable_names(functions: Collection[str]) -> dict[str, str]:
    """A name for what each function gives, none of them a function's.

    Example:
        >>> variable_names(["rows", "rows_task"])
        {'rows': 'rows_task_2', 'rows_task': 'rows_task_task'}
    """
    made: dict[str, str] = {}
    for name in functions:
        made[name] = _free(f"{name}_task", {*functions, *made.values()})
    return made


def _function_name(name: str) -> str:
    # Python reads every name in this form, so that two which differ only by it would be one.
    told = unicodedata.normalize("NFKC", re.sub(r"\W", "_", name))
    if not told.isidentifier():
        told = f"task_{told}"
    taken = keyword.iskeyword(told) or keyword.issoftkeyword(told) or told in _RESERVED or hasattr(builtins, told)
    return f"{told}_" if taken else told


def _apart(names: Iterable[str], make: Callable[[str], str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for name in names:
        made[name] = _free(make(name), made.values())
    return made


def _free(told: str, taken: Collection[str]) -> str:
    number, free = 1, told
    while free in taken:
        number += 1
        free = f"{told}_{number}"
    return free
