"""Runs a DAG that sends packed values from one task to another: started by `test_xcom`, in a process and an AIRFLOW_HOME of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DAG_FILE = """
import pickle, sys
from pathlib import Path
from airflow.sdk import DAG, get_current_context, task

HERE = Path({folder!r})
sys.path[:0] = {paths!r}

with DAG("travel", schedule=None) as dag:

    @task
    def send():
        from synaflow_airflow.codecs import converter_for, pack

        ti = get_current_context()["ti"]
        for number, (tp, value) in enumerate(pickle.loads((HERE / "cases").read_bytes())):
            ti.xcom_push(key=f"value {{number}}", value=pack(converter_for(tp), value))

    @task
    def receive():
        from synaflow_airflow.codecs import converter_for, unpack
        from on_airflow.codecs.travel_oracle import normal

        ti = get_current_context()["ti"]
        cases = pickle.loads((HERE / "cases").read_bytes())
        wrong = []
        for number, (tp, value) in enumerate(cases):
            envelope = ti.xcom_pull(task_ids="send", key=f"value {{number}}")
            back = unpack(converter_for(tp), envelope)
            if normal(back) != normal(value):
                wrong.append(f"{{tp}}: {{value!r}} came back as {{back!r}} from {{envelope}}")
        (HERE / "seen").write_text("\\n".join([str(len(cases)), *wrong]), "utf-8", "backslashreplace")

    send() >> receive()
"""


def main(folder: Path) -> None:
    """Makes the DAG file and runs it once."""
    dags = folder / "dags"
    dags.mkdir()
    (folder / "home").mkdir()
    file = dags / "travel.py"
    file.write_text(DAG_FILE.format(folder=str(folder), paths=sys.path), "utf-8")
    os.environ.update(
        AIRFLOW_HOME=str(folder / "home"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGS_FOLDER=str(dags),
    )
    from airflow.utils.db import initdb

    initdb()
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 3.0
        from airflow.models import DagBag
    bag = DagBag(str(dags))
    assert not bag.import_errors, bag.import_errors
    run = bag.dags["travel"].test()
    (folder / "state").write_text(str(run.state))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
