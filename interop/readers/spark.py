"""Spark reads the tables' folders, in one session."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from interop.checksum import ROW, Columns, checksums
from interop.corpora import Snapshots
from interop.documented import Documentation, Table
from interop.quern import TABLES, Snapshot
from interop.readers import sql
from interop.readers.base import Gotcha, Joined, Probe, Pruned, Reader, Types

# What else than the statistics of row groups Spark's Parquet reader leaves data out by.
_FILTERS = {
    "parquet.filter.bloom.enabled": "false",
    "parquet.filter.dictionary.enabled": "false",
    "parquet.filter.columnindex.enabled": "false",
}


class Spark(Reader):
    """Spark in local mode."""

    name = "Spark"
    package = "pyspark"

    def __init__(self, documentation: Documentation, warehouse: Path) -> None:
        self._documentation = documentation
        self._frames: dict[str, DataFrame] = {}
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        os.environ["PYSPARK_PYTHON"] = sys.executable
        self._spark = (
            SparkSession.builder.master("local[2]")
            .config("spark.driver.memory", "2g")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")  # it does not run for long
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.warehouse.dir", str(warehouse))
            .config("spark.log.level", "ERROR")
            .getOrCreate()
        )

    def stop(self) -> None:
        """Ends the session and its JVM."""
        self._spark.stop()

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        documented = StructType.fromJson(self._documentation.spark[table.name])
        for name in snapshot.partition_by(table.name):
            documented[name].metadata = {}  # the names of folders bear no comments
        return [(column.name, documented[column.name]) for column in table.moved(snapshot.dropped(table.name))]

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return [(field.name, field) for field in self._read(snapshot, table.name).schema.fields]

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        return _columns(self._read(snapshot, table.name), table)

    def join(self, snapshot: Snapshot) -> Joined:
        for name in TABLES:
            self._read(snapshot, name).createOrReplaceTempView(name)
        return sql.join(self._rows, size="size")

    def _read(self, snapshot: Snapshot, table: str) -> DataFrame:
        folder = str(snapshot.folder(table))
        if folder not in self._frames:
            self._frames[folder] = self._spark.read.parquet(folder)
        return self._frames[folder]

    def _rows(self, query: str) -> Sequence[Sequence[Any]]:
        return self._spark.sql(query).collect()

    def pruned(self, generated: Snapshot, partitioned: Sequence[Snapshot], probe: Probe) -> Iterator[Pruned]:
        yield self._output_rows(generated, probe.of_document, "")
        absent = f"document_id = '{probe.absent}'"
        with_all = self._output_rows(generated, absent, "an absent id: bloom filters too")
        for key, value in _FILTERS.items():
            self._spark.conf.set(key, value)
        without = self._output_rows(generated, absent, "an absent id: bloom filters and dictionaries turned off")
        self._spark.conf.unset("parquet.filter.bloom.enabled")
        bloom = self._output_rows(generated, absent, "an absent id: bloom filters alone")
        for key in _FILTERS:
            self._spark.conf.unset(key)
        if not with_all.read == bloom.read == 0 < without.read:
            raise AssertionError(f"no bloom filter shows in Spark: {with_all} {bloom} {without}")
        yield from (without, bloom)
        for snapshot in partitioned:
            yield self._sql_over_folders(snapshot, probe)

    def _output_rows(self, snapshot: Snapshot, where: str, note: str) -> Pruned:
        frame = self._read(snapshot, "sentences").where(where).select("sentence_id")
        scan = _run(frame)
        if "PushedFilters: [IsNotNull(document_id), EqualTo(document_id," not in scan.toString():
            raise AssertionError(f"Spark does not push the filter down: {scan.toString()}")
        read = _metric(scan, "numOutputRows")
        return Pruned(
            self.name,
            snapshot.name,
            where,
            note,
            read,
            snapshot.rows("sentences"),
            "rows",
            "numOutputRows of the scan",
        )

    def _sql_over_folders(self, snapshot: Snapshot, probe: Probe) -> Pruned:
        """A view over the folders, with SQL alone."""
        folder = snapshot.folder("sentences")
        self._spark.sql(f"CREATE OR REPLACE TEMPORARY VIEW folders USING parquet OPTIONS (path '{folder}')")
        scan = _run(self._spark.sql(f"SELECT sentence_id FROM folders WHERE {probe.of_partition}"))
        plan = scan.toString()
        filters = plan[plan.index("PartitionFilters: [") : plan.index("PushedFilters:")]
        if "decision" not in filters or "year" not in filters or "PushedFilters: []" not in plan:
            raise AssertionError(f"Spark does not prune partitions: {plan}")
        files, of = _metric(scan, "numFiles"), len(snapshot.parts("sentences"))
        return Pruned(
            self.name,
            snapshot.name,
            probe.of_partition,
            "folders: PartitionFilters",
            files,
            of,
            "files",
            "numFiles of the scan",
        )

    def union(self, one: Snapshot, other: Snapshot, tables: Sequence[Table]) -> None:
        """Puts the tables of two outputs together, and finds the rows and checksums of both in it."""
        for table in tables:
            frames = [self._read(snapshot, table.name) for snapshot in (one, other)]
            if frames[0].schema != frames[1].schema:
                raise AssertionError(
                    f"{table.name} of {one.name} and {other.name} differ: {frames[0].schema} {frames[1].schema}"
                )
            union = _columns(frames[0].unionByName(frames[1]), table)
            whole, *halves = (
                checksums(table.columns, values)[ROW]
                for values in (union, *(_columns(frame, table) for frame in frames))
            )
            total = sum(int(half.checksum, 16) for half in halves) % (1 << 64)
            if whole.rows != sum(half.rows for half in halves) or int(whole.checksum, 16) != total:
                raise AssertionError(f"{table.name}: the union of {one.name} and {other.name} is not what they are")

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        names = self._read(snapshots.dropped, "labels").columns
        if names[-2:] != ["decision", "year"]:
            raise AssertionError(f"Spark orders the columns {names}")
        yield Gotcha(
            self.name,
            (
                "With `output.partition_columns: drop` the columns of the folders come last, so a union with another "
                "output wants `unionByName`. Kept, they are in their documented place."
            ),
        )
        for snapshot in (snapshots.kept, snapshots.dropped):
            schema = self._read(snapshot, "labels").schema
            if schema["decision"].metadata or not schema["label"].metadata:
                raise AssertionError(f"Spark has other comments: {schema.json()}")
        yield Gotcha(
            self.name, "It shows the comment of each column but those of the columns by which folders are cut."
        )
        fields = self._read(snapshots.reviews, "labels").schema.fields
        if not all(field.nullable for field in fields):
            raise AssertionError("Spark keeps it that a column has no NULL")
        yield Gotcha(
            self.name,
            "Every column of a file can be NULL for Spark, and `quern schema --format spark` says so.",
        )


def _columns(frame: DataFrame, table: Table) -> Columns:
    names = [column.name for column in table.columns]
    rows = frame.select(*names).collect()
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _run(frame: DataFrame) -> Any:
    """Runs a query, and returns the node of its plan that read the files, with its metrics."""
    execution = frame._jdf.queryExecution()
    frame.collect()
    nodes = [execution.executedPlan()]
    while nodes:
        node = nodes.pop()
        if node.getClass().getSimpleName() == "FileSourceScanExec":
            return node
        if node.getClass().getSimpleName() == "AdaptiveSparkPlanExec":
            nodes.append(node.executedPlan())
        children = node.children()
        nodes += [children.apply(i) for i in range(children.size())]
    raise AssertionError(f"no scan of files in {execution.toString()}")


def _metric(scan: Any, name: str) -> int:
    return scan.metrics().apply(name).value()
