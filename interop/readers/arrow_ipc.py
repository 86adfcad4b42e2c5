"""pyarrow reads the stream that `quern cat --format arrow` prints."""

from collections.abc import Sequence

import pyarrow as pa

from interop.checksum import Columns
from interop.documented import Documentation, Table
from interop.quern import Quern, Snapshot
from interop.readers import arrow
from interop.readers.base import Joined, Reader, Types


class ArrowStream(Reader):
    """pyarrow.ipc over a pipe."""

    name = "pyarrow over `quern cat`"
    package = "pyarrow"

    def __init__(self, documentation: Documentation, quern: Quern) -> None:
        self._documentation = documentation
        self._quern = quern

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        return described(arrow.documented_fields(self._documentation.arrow[table.name]))

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return described(self._read(snapshot, table.name).schema)

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        return arrow.values(self._read(snapshot, table.name))

    def _read(self, snapshot: Snapshot, table: str) -> pa.Table:
        stream = self._quern.call("cat", snapshot.out, table, "--format", "arrow")
        return pa.ipc.open_stream(stream).read_all()

    def join(self, snapshot: Snapshot) -> Joined:
        return arrow.join(*(self._read(snapshot, table) for table in ("labels", "sentences", "documents")))


def described(fields: Sequence[pa.Field]) -> Types:
    """Fields with what they document, which Arrow leaves out when it compares."""
    return [(field.name, (field, field.metadata)) for field in fields]
