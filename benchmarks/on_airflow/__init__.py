"""What the Airflow adapter costs, beside a DAG written by hand: `nox -s airflow-benchmarks` runs it. Nothing asserts a time."""
