"""DuckDB reads the parts with read_parquet."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from interop.checksum import Columns
from interop.corpora import Snapshots
from interop.documented import Documentation, Table
from interop.quern import TABLES, Snapshot
from interop.readers import sql
from interop.readers.base import Gotcha, Joined, Probe, Pruned, Reader, Types


class DuckDB(Reader):
    """DuckDB in this process."""

    name = "DuckDB"
    package = "duckdb"

    def __init__(self, documentation: Documentation) -> None:
        self._db = duckdb.connect()
        self._db.execute("SET preserve_insertion_order = false")
        # The documentation as tables, from the DDL that quern prints.
        self._db.execute("CREATE SCHEMA documented; USE documented")
        self._db.execute(documentation.sql)
        self._db.execute("USE main")

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        types = dict(self._describe(f"documented.{table.name}"))
        return [(column.name, types[column.name]) for column in table.moved(snapshot.dropped(table.name))]

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return self._describe(self._scan(snapshot, table.name))

    def _describe(self, source: str) -> Types:
        return [(name, kind) for name, kind, *_ in self._rows(f"DESCRIBE SELECT * FROM {source}")]

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        names = [column.name for column in table.columns]
        rows = self._rows(f"SELECT {', '.join(map(quoted, names))} FROM {self._scan(snapshot, table.name)}")
        return {name: [row[i] for row in rows] for i, name in enumerate(names)}

    def join(self, snapshot: Snapshot) -> Joined:
        for name in TABLES:
            self._db.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {self._scan(snapshot, name)}")
        return sql.join(self._rows, size="len")

    def _scan(self, snapshot: Snapshot, table: str) -> str:
        folder = snapshot.folder(table)
        by = snapshot.partition_by(table)
        if not by:
            return f"'{folder}/*.parquet'"
        documented = dict(self._describe(f"documented.{table}"))
        types = ", ".join(f"'{name}': {documented[name]}" for name in by)
        return f"read_parquet('{folder}/**/*.parquet', hive_types = {{{types}}})"

    def _rows(self, query: str) -> Sequence[Sequence[Any]]:
        return self._db.execute(query).fetchall()

    def pruned(self, generated: Snapshot, partitioned: Sequence[Snapshot], probe: Probe) -> Iterator[Pruned]:
        yield self._groups(generated, probe.of_document)
        left = self._left_by_statistics(generated, probe.absent)
        if not left:
            raise AssertionError(f"no row group but for its bloom filter could have {probe.absent}")
        yield self._groups(
            generated, f"document_id = '{probe.absent}'", f"an absent id: bloom filters, statistics leave {left}"
        )
        for snapshot in partitioned:
            yield self._files(snapshot, probe.of_partition)
            yield self._groups(snapshot, f"document_id = '{probe.partitioned}'", "bloom filters too")

    def _left_by_statistics(self, snapshot: Snapshot, document: str) -> int:
        """How many row groups could have a document, by their least and greatest id."""
        return self._rows(
            f"SELECT count(*) FROM parquet_metadata('{snapshot.folder('sentences')}/*.parquet') "
            f"WHERE path_in_schema = 'document_id' AND '{document}' BETWEEN stats_min_value AND stats_max_value"
        )[0][0]

    def _groups(self, snapshot: Snapshot, where: str, note: str = "") -> Pruned:
        query = self._profile(snapshot, where)["query"]
        read, of = query["total_row_groups_scanned"], query["total_row_groups_to_scan"]
        return Pruned(self.name, snapshot.name, where, note, read, of, "row groups", "EXPLAIN ANALYZE")

    def _files(self, snapshot: Snapshot, where: str) -> Pruned:
        scanned = next(_scans(self._profile(snapshot, where)["operator"]))
        read, _, of = scanned["extra_info"]["Scanning Files"].partition("/")
        return Pruned(self.name, snapshot.name, where, "folders", int(read), int(of), "files", "EXPLAIN ANALYZE")

    def _profile(self, snapshot: Snapshot, where: str) -> dict[str, Any]:
        query = f"SELECT max(text) FROM {self._scan(snapshot, 'sentences')} WHERE {where}"
        return json.loads(self._rows(f"EXPLAIN (ANALYZE, FORMAT json) {query}")[0][1])

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        folder = snapshots.kept.folder("labels")
        kinds = dict(self._describe(f"read_parquet('{folder}/**/*.parquet')"))
        if kinds["year"] != "BIGINT":
            raise AssertionError(f"DuckDB has year as {kinds['year']}")
        yield Gotcha(
            self.name,
            (
                "It takes the type of a partition column from the folders' names, and year becomes BIGINT: "
                "`read_parquet('labels/**/*.parquet', hive_types = {'year': INTEGER})` keeps it."
            ),
        )
        try:
            self._rows(f"SELECT column FROM {self._scan(snapshots.reviews, 'diagnostics')}")
        except duckdb.ParserException:
            yield Gotcha(self.name, 'The name of `diagnostics."column"` is a keyword, and wants quotes.')
        else:
            raise AssertionError("DuckDB takes column as a name")


def _scans(operators: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for operator in operators:
        if operator["type"] == "TABLE_SCAN":
            yield operator
        yield from _scans(operator.get("children", ()))


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever it is."""
    return f'"{name}"'
