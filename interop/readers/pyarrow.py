"""pyarrow reads the tables' folders as datasets."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from interop.checksum import Columns
from interop.corpora import Snapshots
from interop.documented import Documentation, Table
from interop.quern import Snapshot
from interop.readers import arrow
from interop.readers.base import Gotcha, Joined, Probe, Pruned, Reader, Types


class PyArrow(Reader):
    """pyarrow.dataset."""

    name = "pyarrow"
    package = "pyarrow"

    def __init__(self, documentation: Documentation) -> None:
        self._documentation = documentation

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        fields = {field.name: field for field in arrow.documented_fields(self._documentation.arrow[table.name])}
        return [(column.name, fields[column.name]) for column in table.moved(snapshot.dropped(table.name))]

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return [(field.name, field) for field in self._dataset(snapshot, table.name).schema]

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        return arrow.values(self._dataset(snapshot, table.name).to_table())

    def join(self, snapshot: Snapshot) -> Joined:
        tables = (self._dataset(snapshot, name).to_table() for name in ("labels", "sentences", "documents"))
        return arrow.join(*tables)

    def _dataset(self, snapshot: Snapshot, table: str) -> ds.Dataset:
        dropped = snapshot.dropped(table)
        return ds.dataset(
            snapshot.folder(table),
            format="parquet",
            partitioning=hive(self._documentation.tables[table], dropped) if dropped else None,
        )

    def pruned(self, generated: Snapshot, partitioned: Sequence[Snapshot], probe: Probe) -> Iterator[Pruned]:
        where = ds.field("document_id") == probe.document
        fragments = list(self._dataset(generated, "sentences").get_fragments(filter=where))
        read = sum(len(fragment.subset(filter=where).row_groups) for fragment in fragments)
        of = sum(fragment.num_row_groups for fragment in fragments)
        yield Pruned(
            self.name,
            generated.name,
            probe.of_document,
            "",
            read,
            of,
            "row groups",
            "Fragment.subset",
        )

        chosen = (ds.field("decision") == probe.decision) & (ds.field("year") == probe.year)
        for snapshot in partitioned:
            folders = ds.dataset(
                snapshot.folder("sentences"),
                format="parquet",
                schema=self._dataset(snapshot, "sentences").schema,
                partitioning=hive(self._documentation.tables["sentences"], snapshot.partition_by("sentences")),
            )
            read = len(list(folders.get_fragments(filter=chosen)))
            yield Pruned(
                self.name,
                snapshot.name,
                probe.of_partition,
                "folders",
                read,
                len(folders.files),
                "files",
                "Dataset.get_fragments",
            )

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        try:
            pq.read_table(snapshots.kept.folder("labels"))
        except pa.ArrowTypeError as error:
            if "string vs dictionary" not in str(error):
                raise
        else:
            raise AssertionError("pyarrow has learned to read partition columns that files have too")
        yield Gotcha(
            self.name,
            (
                "`pq.read_table('labels')` takes partition columns as dictionaries, and then finds strings in the "
                "files: say `partitioning=None`, or use `ds.dataset('labels', partitioning=\"hive\")`, which leaves "
                "folders unread."
            ),
        )
        dropped = ds.dataset(snapshots.dropped.folder("labels"), format="parquet")
        if "year" in dropped.schema.names:
            raise AssertionError("pyarrow.dataset has learned to take columns from folders' names")
        yield Gotcha(
            self.name,
            (
                "With `output.partition_columns: drop`, `ds.dataset('labels')` has no such columns: "
                '`partitioning="hive"` brings them.'
            ),
        )


def hive(table: Table, names: Sequence[str]) -> ds.Partitioning:
    """How folders are named by columns, with the types that these have."""
    documented = table.types()
    return ds.partitioning(pa.schema([(name, arrow.arrow_type(documented[name])) for name in names]), flavor="hive")
