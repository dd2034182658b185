"""Packed values through Airflow's own XCom, from task to task."""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from on_airflow.codecs import travel_drawn
from on_airflow.codecs.test_values import EVERYTHING
from on_airflow.codecs.travel_oracle import normal
from on_airflow.dagruns import run_dag
from synaflow_airflow.codecs import converter_for, pack, unpack

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def drawn(count: int) -> list[tuple[Any, Any]]:
    """Random types with values."""
    found: list[tuple[Any, Any]] = []

    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=SLOW,
    )
    @given(travel_drawn.pairs)
    def draw(pair: tuple[Any, Any]) -> None:
        found.append(pair)

    draw()
    return found


@pytest.mark.timeout(300)
def test_what_one_task_sends_another_receives(dags: Path) -> None:
    cases = [*((tp, value) for tp, value, _ in EVERYTHING), *drawn(400)]
    assert len(cases) > 450
    received = []
    wrong = []

    def make() -> object:
        from airflow.sdk import DAG, get_current_context, task

        with DAG("travel", schedule=None) as dag:

            @task
            def send() -> None:
                for number, (tp, value) in enumerate(cases):
                    get_current_context()["ti"].xcom_push(key=f"value {number}", value=pack(converter_for(tp), value))

            @task
            def receive() -> None:
                for number, (tp, value) in enumerate(cases):
                    envelope = get_current_context()["ti"].xcom_pull(task_ids="send", key=f"value {number}")
                    back = unpack(converter_for(tp), envelope)
                    received.append(number)
                    if normal(back) != normal(value):
                        wrong.append(f"{tp}: {value!r} came back as {back!r} from {envelope}")

            first: Any = send  # what its decorator makes of it, only Airflow knows
            first() >> receive()
        return dag

    ran = run_dag(dags, "travel", make)
    assert wrong == []
    assert len(received) == len(cases)
    assert ran.state == "success"
