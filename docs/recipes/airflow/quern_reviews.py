"""Converts a corpus with Quern every night, and loads what it published into DuckDB.

To be put into the dags folder of Airflow. Where things are is said by variables of
the environment, with absolute paths, as Airflow runs tasks in folders of its own. Their
names do not begin with QUERN_: those are settings of Quern.

    REVIEWS_QUERN      the command, quern if not given
    REVIEWS_JOB        what stands behind `quern run`, e.g. /etc/quern/nightly.yaml
    REVIEWS_OUT        the folder of its snapshots
    REVIEWS_WAREHOUSE  the file of DuckDB that is written
    REVIEWS_REFUSED    how many documents may be refused before a night fails, 0 if not given
"""

import os
from datetime import datetime
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

TABLES = ["documents", "sentences", "labels", "diagnostics", "taxonomy"]


@dag(schedule="15 2 * * *", start_date=datetime(2024, 1, 1), catchup=False, max_active_runs=1)
def quern_reviews() -> None:
    # 0 is done, and 3 is done with documents refused: a snapshot stands in both cases, and the
    # next task sees which. Anything else fails the task, and what is then tried again goes on
    # where the run before stopped. If Airflow kills the task, quern stops too.
    run = BashOperator(
        task_id="run",
        bash_command="""
            code=0
            "${REVIEWS_QUERN:-quern}" run $REVIEWS_JOB --out "$REVIEWS_OUT" --wait=1h || code=$?
            case $code in
                0|3) echo $code ;;
                *) exit $code ;;
            esac
        """,
        append_env=True,
    )

    @task
    def check(code: str) -> str:
        """Decides whether what was published is good enough, and returns the folder of it."""
        import duckdb

        # The link is followed here, once, so that the tasks behind read the same snapshot.
        snapshot = str(Path(os.environ["REVIEWS_OUT"], "current").resolve())
        if code == "3":
            refused = duckdb.execute(
                "SELECT source_path, message FROM read_parquet(?) WHERE severity = 'error' ORDER BY ALL",
                [f"{snapshot}/diagnostics/**/*.parquet"],
            ).fetchall()
            for path, message in refused:
                print(f"refused: {path}: {message}")
            if len(refused) > int(os.environ.get("REVIEWS_REFUSED", "0")):
                raise AirflowFailException(f"{len(refused)} documents or folders were refused")
        return snapshot

    @task
    def load(snapshot: str) -> None:
        """Writes the tables into a new file, and puts it in the place of the last one."""
        import duckdb

        warehouse = Path(os.environ["REVIEWS_WAREHOUSE"])
        fresh = warehouse.with_name(warehouse.name + ".new")
        fresh.unlink(missing_ok=True)
        with duckdb.connect(fresh) as db:
            for table in TABLES:
                db.execute(
                    f"CREATE TABLE {table} AS FROM read_parquet(?, hive_partitioning = false)",
                    [f"{snapshot}/{table}/**/*.parquet"],
                )
                print(table, db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        fresh.replace(warehouse)

    load(check(run.output))


quern_reviews()
