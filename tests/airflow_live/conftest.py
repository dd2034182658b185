"""What is told when a test with a real Airflow fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_live.airflow import Airflow


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Adds the ends of the services' logs to the report of what has failed."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    airflow = getattr(item, "funcargs", {}).get("airflow")
    if report.failed and isinstance(airflow, Airflow):
        report.sections += [(f"log of {name}", text) for name, text in airflow.logs()]
    return report  # type: ignore[return-value]
