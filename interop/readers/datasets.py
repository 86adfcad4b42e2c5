"""Hugging Face datasets loads snapshots by their dataset cards, without the network."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features, Json, List, Value, get_dataset_config_names, load_dataset

from interop.checksum import Columns
from interop.corpora import Snapshots
from interop.documented import Documentation, Table, Type
from interop.quern import Snapshot
from interop.readers import arrow
from interop.readers.base import Gotcha, Joined, Probe, Pruned, Reader, Types
from interop.readers.counting import PROTOCOL, CountingFileSystem

_DEFAULT = "sentences"
"""The table that the card means where none is named."""


class HuggingFace(Reader):
    """datasets.load_dataset."""

    name = "Hugging Face datasets"
    package = "datasets"

    def __init__(self, documentation: Documentation, cache: Path) -> None:
        self._documentation = documentation
        self._cache = str(cache)
        datasets.disable_progress_bars()
        datasets.logging.set_verbosity(datasets.logging.CRITICAL)

    def lost(self, snapshot: Snapshot, table: Table) -> tuple[str, ...]:
        return snapshot.dropped(table.name)

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        return list(self._features(snapshot, table).items())

    def _features(self, snapshot: Snapshot, table: Table) -> Features:
        lost = self.lost(snapshot, table)
        return Features({column.name: feature(column.type) for column in table.columns if column.name not in lost})

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return list(self._load(snapshot, table.name).features.items())

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        return self._load(snapshot, table.name).to_dict()

    def _load(self, snapshot: Snapshot, table: str) -> Dataset:
        """A table by the header of the dataset card, which has none that is empty: datasets cannot load these."""
        if snapshot.rows(table):
            name = None if table == _DEFAULT else table
            return load_dataset(str(snapshot.root), name, split="train", cache_dir=self._cache)
        if table in get_dataset_config_names(str(snapshot.root)):
            raise AssertionError(f"{snapshot.name}: the card names {table}, which is empty")
        schema = pq.read_schema(snapshot.parts(table)[0])
        maps = {field.name: Json() for field in schema if pa.types.is_map(field.type)}
        others = Features.from_arrow_schema(pa.schema(field for field in schema if field.name not in maps))
        features = Features({name: (maps | others)[name] for name in schema.names})
        return Dataset.from_dict({name: [] for name in features}, features)

    def join(self, snapshot: Snapshot) -> Joined:
        labels, sentences, documents = (self._load(snapshot, table) for table in ("labels", "sentences", "documents"))
        documents = documents.remove_columns("attributes")
        return arrow.join(*(dataset.with_format("arrow")[:] for dataset in (labels, sentences, documents)))

    def pruned(self, generated: Snapshot, partitioned: Sequence[Snapshot], probe: Probe) -> Iterator[Pruned]:
        CountingFileSystem.forget()
        stream = load_dataset(
            "parquet",
            data_files=[f"{PROTOCOL}://{part}" for part in generated.parts("sentences")],
            split="train",
            streaming=True,
            filters=[("document_id", "==", probe.document)],
        )
        if {row["document_id"] for row in stream} != {probe.document}:
            raise AssertionError(f"datasets does not find {probe.document}")
        yield Pruned(
            self.name,
            generated.name,
            probe.of_document,
            "row groups of other files are not read",
            len(CountingFileSystem.read),
            len(CountingFileSystem.opened),
            "files",
            "the file system",
        )
        for snapshot in partitioned:
            if snapshot.partitions.kept:
                yield self._kept(snapshot, probe)

    def _kept(self, snapshot: Snapshot, probe: Probe) -> Pruned:
        CountingFileSystem.forget()
        stream = load_dataset(
            "parquet",
            data_files=[f"{PROTOCOL}://{part}" for part in snapshot.parts("sentences")],
            split="train",
            streaming=True,
            filters=[("decision", "==", probe.decision), ("year", "==", probe.year)],
        )
        if {(row["decision"], row["year"]) for row in stream} != {(probe.decision, probe.year)}:
            raise AssertionError(f"datasets does not find {probe.decision}, {probe.year}")
        return Pruned(
            self.name,
            snapshot.name,
            probe.of_partition,
            "statistics, not folders",
            len(CountingFileSystem.read),
            len(CountingFileSystem.opened),
            "files",
            "the file system",
        )

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        files = [str(part) for part in snapshots.reviews.parts("documents")]
        try:
            load_dataset("parquet", data_files=files, cache_dir=self._cache)
        except ValueError as error:
            if "does not have a datasets dtype equivalent" not in str(error):
                raise
        else:
            raise AssertionError("datasets has learned to read maps")
        yield Gotcha(
            self.name,
            (
                "It has no type for the map `documents.attributes`: `features` must name it as `Json()`, as the card "
                "of a snapshot does, and its values are then lists of key and value."
            ),
        )
        if "decision" in self._load(snapshots.dropped, "labels").column_names:
            raise AssertionError("datasets has learned to take columns from folders' names")
        yield Gotcha(
            self.name,
            (
                "With `output.partition_columns: drop` the columns of the folders are lost, since it reads files and "
                "not the names of their folders."
            ),
        )


def feature(kind: Type) -> Value | List | Json | dict[str, Value]:
    """A documented type in the terms of datasets."""
    match kind.kind:
        case "list":
            return List(feature(kind.element))
        case "struct":
            return {field.name: feature(field.type) for field in kind.fields}
        case "map":
            return Json()
    return Value(_SCALARS[kind.kind])


_SCALARS = {"string": "string", "int32": "int32", "int64": "int64", "double": "float64", "bool": "bool"}
