"""Polars scans the tables' folders."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import polars as pl

from interop.checksum import Columns
from interop.corpora import Snapshots
from interop.documented import Documentation, Table, Type
from interop.quern import Snapshot
from interop.readers.base import Gotcha, Joined, Probe, Pruned, Reader, Types


class Polars(Reader):
    """Polars, lazily."""

    name = "Polars"
    package = "polars"

    def __init__(self, documentation: Documentation) -> None:
        self._documentation = documentation

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        return [(column.name, polars_type(column.type)) for column in table.moved(snapshot.dropped(table.name))]

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return list(self._scan(snapshot, table.name).collect_schema().items())

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        return values(self._scan(snapshot, table.name))

    def _scan(self, snapshot: Snapshot, table: str) -> pl.LazyFrame:
        by = snapshot.partition_by(table)
        if not by:
            return pl.scan_parquet(snapshot.folder(table))
        documented = self._documentation.tables[table].types()
        return pl.scan_parquet(
            snapshot.folder(table),
            hive_schema={name: polars_type(documented[name]) for name in by},
        )

    def join(self, snapshot: Snapshot) -> Joined:
        return join(*(self._scan(snapshot, table) for table in ("labels", "sentences", "documents")))

    def pruned(self, generated: Snapshot, partitioned: Sequence[Snapshot], probe: Probe) -> Iterator[Pruned]:
        with stderr() as log:
            self._scan(generated, "sentences").filter(pl.col("document_id") == probe.document).collect()
            groups = re.findall(r"Predicate pushdown: reading (\d+) / (\d+) row groups", log())
        read, of = (sum(int(group[i]) for group in groups) for i in (0, 1))
        yield Pruned(
            self.name, generated.name, probe.of_document, "", read, of, "row groups", "the log of POLARS_VERBOSE"
        )
        chosen = (pl.col("decision") == probe.decision) & (pl.col("year") == probe.year)
        for snapshot in partitioned:
            frame = self._scan(snapshot, "sentences")
            read, of = _sources(frame.filter(chosen)), _sources(frame)
            yield Pruned(self.name, snapshot.name, probe.of_partition, "folders", read, of, "files", "explain")

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        kinds = pl.scan_parquet(snapshots.dropped.folder("labels")).collect_schema()
        if kinds["year"] != pl.Int64:
            raise AssertionError(f"Polars has year as {kinds['year']}")
        yield Gotcha(
            self.name,
            (
                "With `output.partition_columns: drop` it guesses types from the folders' names, and year becomes "
                "Int64: `hive_schema={'decision': pl.String, 'year': pl.Int32}` keeps it."
            ),
        )
        pattern = f"{snapshots.dropped.folder('labels')}/**/*.parquet"
        if "year" in pl.scan_parquet(pattern).collect_schema():
            raise AssertionError("Polars takes columns from folders of a pattern")
        yield Gotcha(
            self.name,
            (
                "Given a pattern it takes no columns from the folders' names: name the folder, "
                "`pl.scan_parquet('labels')`, or say `hive_partitioning=True`."
            ),
        )


def values(frame: pl.LazyFrame) -> Columns:
    """All values, by column."""
    return {name: series.to_list() for name, series in frame.collect().to_dict().items()}


def join(labels: pl.LazyFrame, sentences: pl.LazyFrame, documents: pl.LazyFrame) -> Joined:
    """The join, which is also done over Arrow files."""
    joined = labels.join(sentences, on="sentence_id").join(documents, on="document_id", suffix="_of_document")
    length = pl.col("char_end") - pl.col("char_start")
    groups = joined.group_by("decision_of_document", "layer").agg(pl.len(), length.sum()).collect()
    orphans = (
        labels.join(sentences, on="sentence_id", how="anti"),
        sentences.join(documents, on="document_id", how="anti"),
        sentences.filter(pl.col("labels").list.len() > 0).join(labels, on="sentence_id", how="anti"),
        documents.filter(pl.col("sentences") > 0).join(sentences, on="document_id", how="anti"),
    )
    spans = sentences.join(documents, on="document_id", suffix="_of_document").filter(
        pl.col("text") == pl.col("text_of_document").str.slice(pl.col("char_start"), length),
    )
    return Joined(
        rows=_height(joined),
        orphans=sum(_height(frame) for frame in orphans),
        spans=_height(spans),
        groups=Joined.groups_of(groups.rows()),
    )


def _sources(frame: pl.LazyFrame) -> int:
    """How many files the plan names."""
    named = re.search(r"Parquet SCAN \[.*?(?:, \.\.\. (\d+) other sources)?\]\n", frame.explain())
    if not named:
        raise AssertionError(f"Polars plans no scan: {frame.explain()}")
    return 1 + int(named[1] or 0)


def _height(frame: pl.LazyFrame) -> int:
    return frame.select(pl.len()).collect().item()


def polars_type(kind: Type) -> pl.DataType:
    """A documented type in Polars' terms."""
    match kind.kind:
        case "list":
            return pl.List(polars_type(kind.element))
        case "struct":
            return pl.Struct({field.name: polars_type(field.type) for field in kind.fields})
        case "map":
            return pl.Map(pl.String, pl.String)
    return _SCALARS[kind.kind]


_SCALARS = {
    "string": pl.String(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "double": pl.Float64(),
    "bool": pl.Boolean(),
}


@contextmanager
def stderr() -> Iterator["Log"]:
    """Has Polars tell on standard error what it reads, and catches that."""
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        saved = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            with pl.Config(verbose=True):
                yield Log(file)
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


class Log:
    """What was caught."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __call__(self) -> str:
        self._file.seek(0)
        return self._file.read().decode()
