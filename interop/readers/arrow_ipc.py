"""Arrow IPC: the stream that `quern cat` prints, and the files of `output.format: both`."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import polars as pl
import pyarrow as pa

from interop.checksum import Columns
from interop.corpora import Snapshots
from interop.documented import Documentation, Table
from interop.quern import Quern, Snapshot
from interop.readers import arrow, polars
from interop.readers.base import Gotcha, Joined, Reader, Types


class _Arrow(Reader):
    """pyarrow.ipc, which finds all columns in their place, whatever the names of folders have."""

    package = "pyarrow"

    def __init__(self, documentation: Documentation) -> None:
        self._documentation = documentation

    @abstractmethod
    def _read(self, snapshot: Snapshot, table: str) -> pa.Table: ...

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        return _described(arrow.documented_fields(self._documentation.arrow[table.name]))

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return _described(self._read(snapshot, table.name).schema)

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        return arrow.values(self._read(snapshot, table.name))

    def join(self, snapshot: Snapshot) -> Joined:
        return arrow.join(*(self._read(snapshot, table) for table in ("labels", "sentences", "documents")))


class ArrowStream(_Arrow):
    """pyarrow.ipc.open_stream over a pipe."""

    name = "pyarrow over `quern cat`"

    def __init__(self, documentation: Documentation, quern: Quern) -> None:
        super().__init__(documentation)
        self._quern = quern

    def _read(self, snapshot: Snapshot, table: str) -> pa.Table:
        return pa.ipc.open_stream(self._quern.call("cat", snapshot.out, table, "--format", "arrow")).read_all()


class ArrowFiles(_Arrow):
    """pyarrow.ipc.open_file over files that are mapped into memory."""

    name = "pyarrow over Arrow files"

    def reads(self, snapshot: Snapshot) -> bool:
        return snapshot.arrow

    def _read(self, snapshot: Snapshot, table: str) -> pa.Table:
        files = [pa.ipc.open_file(pa.memory_map(str(path))) for path in snapshot.arrow_parts(table)]
        return pa.concat_tables([file.read_all() for file in files])

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        before = pa.total_allocated_bytes()
        table = self._read(snapshots.generated, "sentences")
        allocated = pa.total_allocated_bytes() - before
        if allocated * 100 > table.nbytes:
            raise AssertionError(f"pyarrow copies {allocated} bytes of {table.nbytes}")
        yield Gotcha(self.name, "Mapped into memory with `pa.memory_map`, they are read without a copy.")


class PolarsFiles(Reader):
    """Polars scans the folders of the Arrow files."""

    name = "Polars over Arrow files"
    package = "polars"

    def __init__(self, documentation: Documentation) -> None:
        self._documentation = documentation

    def reads(self, snapshot: Snapshot) -> bool:
        return snapshot.arrow

    def _scan(self, snapshot: Snapshot, table: str) -> pl.LazyFrame:
        return pl.scan_ipc(snapshot.arrow_folder(table))

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        return [(column.name, polars.polars_type(column.type)) for column in table.columns]

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return list(self._scan(snapshot, table.name).collect_schema().items())

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        return polars.values(self._scan(snapshot, table.name))

    def join(self, snapshot: Snapshot) -> Joined:
        return polars.join(*(self._scan(snapshot, table) for table in ("labels", "sentences", "documents")))


def _described(fields: Sequence[pa.Field]) -> Types:
    """Fields with what they document, which Arrow leaves out when it compares."""
    return [(field.name, (field, field.metadata)) for field in fields]
