"""pandas reads the tables' folders, with Arrow's types and with NumPy's."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from interop.checksum import Columns
from interop.corpora import Snapshots
from interop.documented import Documentation, Table
from interop.quern import Snapshot
from interop.readers import arrow
from interop.readers.base import Gotcha, Joined, Probe, Pruned, Reader, Types
from interop.readers.counting import CountingFileSystem
from interop.readers.pyarrow import hive


class Pandas(Reader):
    """pandas.read_parquet."""

    package = "pandas"

    def __init__(self, documentation: Documentation) -> None:
        self._documentation = documentation

    @abstractmethod
    def _options(self) -> dict[str, Any]:
        """What read_parquet is told besides."""

    def _read(self, snapshot: Snapshot, table: str, **options: Any) -> pd.DataFrame:
        dropped = snapshot.dropped(table)
        partitioning = hive(self._documentation.tables[table], dropped) if dropped else None
        return pd.read_parquet(snapshot.folder(table), **{"partitioning": partitioning, **self._options(), **options})

    def join(self, snapshot: Snapshot) -> Joined:
        labels = self._read(snapshot, "labels", columns=["sentence_id", "layer"])
        sentences = self._read(
            snapshot,
            "sentences",
            columns=["sentence_id", "document_id", "text", "char_start", "char_end", "labels"],
        )
        documents = self._read(snapshot, "documents", columns=["document_id", "decision", "text", "sentences"])
        found = sentences.merge(documents, on="document_id", suffixes=("", "_of_document"))
        joined = labels.merge(found, on="sentence_id")
        joined["length"] = joined["char_end"] - joined["char_start"]
        groups = joined.groupby(["decision", "layer"], dropna=False)["length"].agg(["size", "sum"]).reset_index()
        listing = sentences[sentences["labels"].map(len) > 0]
        orphans = (
            ~labels["sentence_id"].isin(sentences["sentence_id"]),
            ~sentences["document_id"].isin(documents["document_id"]),
            ~listing["sentence_id"].isin(labels["sentence_id"]),
            ~documents[documents["sentences"] > 0]["document_id"].isin(sentences["document_id"]),
        )
        columns = (found[name] for name in ("text", "text_of_document", "char_start", "char_end"))
        return Joined(
            rows=len(joined),
            orphans=sum(int(missing.sum()) for missing in orphans),
            spans=sum(text == whole[start:end] for text, whole, start, end in zip(*columns, strict=True)),
            groups=Joined.groups_of([[_or_none(value) for value in row] for row in groups.itertuples(index=False)]),
        )

    def pruned(self, generated: Snapshot, partitioned: Sequence[Snapshot], probe: Probe) -> Iterator[Pruned]:
        CountingFileSystem.forget()
        frame = self._read(
            generated,
            "sentences",
            filters=[("document_id", "==", probe.document)],
            filesystem=CountingFileSystem(),
        )
        if set(frame["document_id"]) != {probe.document}:
            raise AssertionError(f"{self.name} does not find {probe.document}")
        yield self._files(
            generated, probe.of_document, "row groups of other files are not read", CountingFileSystem.read
        )
        for snapshot in partitioned:
            CountingFileSystem.forget()
            documented = self._documentation.tables["sentences"]
            self._read(
                snapshot,
                "sentences",
                filesystem=CountingFileSystem(),
                filters=[("decision", "==", probe.decision), ("year", "==", probe.year)],
                partitioning=hive(documented, snapshot.partition_by("sentences")),
            )
            yield self._files(snapshot, probe.of_partition, "folders", CountingFileSystem.read)

    def _files(self, snapshot: Snapshot, where: str, note: str, read: set[str]) -> Pruned:
        of = len(snapshot.parts("sentences"))
        return Pruned(self.name, snapshot.name, where, note, len(read), of, "files", "the file system")


class PandasArrow(Pandas):
    """pandas over Arrow's types."""

    name = "pandas, dtype_backend=pyarrow"

    def _options(self) -> dict[str, Any]:
        return {"dtype_backend": "pyarrow"}

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        return [(column.name, arrow.arrow_type(column.type)) for column in table.moved(snapshot.dropped(table.name))]

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        dtypes = self._read(snapshot, table.name).dtypes
        return [(name, arrow.plain(dtype.pyarrow_dtype)) for name, dtype in dtypes.items()]

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        frame = self._read(snapshot, table.name)
        return {name: [_or_none(value) for value in frame[name].tolist()] for name in frame}

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        for snapshot, said in (
            (snapshots.kept, "string vs dictionary"),
            (snapshots.dropped, "dictionaries with nulls"),
        ):
            try:
                pd.read_parquet(snapshot.folder("labels"))
            except pa.ArrowException as error:
                if said not in str(error):
                    raise
            else:
                raise AssertionError(f"pandas has learned to read partition columns: {snapshot.name}")
        yield Gotcha(
            "pandas",
            (
                "A partitioned folder wants `partitioning=None`, which leaves out columns that the files have not. For "
                "these, and to leave folders unread, give their types: `partitioning=ds.partitioning(pa.schema("
                "[('decision', pa.string()), ('year', pa.int32())]), flavor=\"hive\")`."
            ),
        )


class PandasNumPy(Pandas):
    """pandas as it comes, where a NULL is NaN and a whole number that may be NULL a float."""

    name = "pandas"

    def _options(self) -> dict[str, Any]:
        return {}

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        frame = self._read(snapshot, table.name)
        return [
            (column.name, _numpy_type(column.type.kind, nulls=bool(frame[column.name].isna().any())))
            for column in table.moved(snapshot.dropped(table.name))
        ]

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return [(name, str(dtype)) for name, dtype in self._read(snapshot, table.name).dtypes.items()]

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        frame = self._read(snapshot, table.name)
        types = table.types()
        return {name: _typed(frame[name], types[name].kind) for name in frame}

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        frame = self._read(snapshots.reviews, "sentences")
        if str(frame["utf16_start"].dtype) != "float64":
            raise AssertionError(f"pandas has utf16_start as {frame['utf16_start'].dtype}")
        yield Gotcha(
            self.name,
            (
                "As it comes, a column of whole numbers that has a NULL becomes float64, and NULL becomes NaN. "
                '`pd.read_parquet(folder, dtype_backend="pyarrow")` keeps the types.'
            ),
        )


def _numpy_type(kind: str, *, nulls: bool) -> str:
    match kind:
        case "string":
            return "str"
        case "int32" | "int64":
            return "float64" if nulls else kind
        case "double":
            return "float64"
        case "bool":
            return "bool"
    return "object"


def _typed(series: pd.Series, kind: str) -> list[Any]:
    """The values with their documented types, where NaN stands for NULL."""
    values = [_or_none(value) for value in series.tolist()]
    if kind in ("int32", "int64") and series.dtype == "float64":
        if not all(value is None or value.is_integer() for value in values):
            raise AssertionError(f"pandas has {series.name} as fractions")
        return [None if value is None else int(value) for value in values]
    return values


def _or_none(value: Any) -> Any:
    """NULL as None: pandas has NA and NaN for it."""
    if value is pd.NA or (isinstance(value, float) and value != value):
        return None
    return value
