"""How a step's value gets from one task to another, decided when the DAG is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synaflow import PipelineDef, spell
from synaflow_airflow.codecs import CantTravelError, Converter, converter_for
from synaflow_airflow.handoff import format_of

if TYPE_CHECKING:
    from synaflow_airflow.settings import Settings

__all__ = ["Way", "travellers", "way_of"]


@dataclass(frozen=True, slots=True)
class Way:
    """How a value travels.

    Attributes:
        converter: To JSON and back; None where it has none.
        format: What it is written as to the object store; None where it goes there only because it is big.
    """

    converter: Converter | None
    format: str | None


def way_of(pipeline: PipelineDef, step: str, settings: Settings) -> Way:
    """How the value of a step travels, by the type the step is annotated with.

    Raises:
        CantTravelError: It can't.
    """
    tp = pipeline[step].output.type
    if step in settings.pickled:
        return Way(None, "pickle")
    try:
        return Way(converter_for(tp, settings.own_codecs()), None)
    except CantTravelError:
        format = format_of(tp) if settings.handoff is not None else None
        if format is None:
            raise
        return Way(None, format)


def travellers(pipeline: PipelineDef, home: Mapping[str, str], settings: Settings) -> list[str]:
    """What is wrong with the values that go from task to task: a sentence for each edge that can't be."""
    problems: list[str] = []
    if settings.pickled and settings.handoff is None:
        problems.append(
            f"pickled={list(settings.pickled)!r} needs a hand-off, such as handoff='file:///var/airflow/handoff'"
        )
    problems += [
        f"pickled names {name!r}, and there is no such step" for name in settings.pickled if name not in pipeline
    ]
    for step in pipeline.steps:
        consumers = {edge.consumer for edge in pipeline.edges_out_of(step.name)}
        others = sorted(name for name in consumers if home[name] != home[step.name])
        if not others:
            continue
        try:
            way_of(pipeline, step.name, settings)
        except CantTravelError as error:
            problems.append(_refused(step.name, others, spell(step.output.type), error, settings))
    return problems


def _refused(producer: str, consumers: list[str], tp: str, error: CantTravelError, settings: Settings) -> str:
    joined = ", ".join(f"join=[({producer!r}, {consumer!r})]" for consumer in consumers)
    store = "" if settings.handoff else "handoff='file:///...' or 's3://...' and "
    return (
        f"the value of '{producer}', which {_listed(consumers)} in another task {'takes' if len(consumers) == 1 else 'take'}, "
        f"can't travel: {tp}: {error}; the ways out: run both in one task, {joined}; give a codec for the type, "
        f"codecs={{{tp}: Codec(encode, decode)}}; or hand it over through an object store, {store}pickled=[{producer!r}]"
    )


def _listed(names: list[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)
