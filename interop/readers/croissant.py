"""mlcroissant reads the tables by croissant.json alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mlcroissant
import numpy as np
import pyarrow as pa
from absl import logging
from mlcroissant import Field

from interop.checksum import Columns
from interop.corpora import Snapshots
from interop.documented import Column, Documentation, Table, Type
from interop.quern import Snapshot
from interop.readers import arrow
from interop.readers.base import Gotcha, Joined, Reader, Types


class Croissant(Reader):
    """mlcroissant.Dataset, after its validation."""

    name = "mlcroissant"
    package = "mlcroissant"

    def __init__(self, documentation: Documentation) -> None:
        self._documentation = documentation
        self._datasets: dict[str, mlcroissant.Dataset] = {}
        self._read: dict[tuple[str, str], Columns] = {}
        logging.set_verbosity(logging.ERROR)

    def lost(self, snapshot: Snapshot, table: Table) -> tuple[str, ...]:
        return snapshot.dropped(table.name)

    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        lost = self.lost(snapshot, table)
        return [
            # What only folders' names have is text, with a word for NULL.
            (column.name, bytes if column.name in lost else _documented(column.type))
            for column in _moved(table, lost)
        ]

    def types(self, snapshot: Snapshot, table: Table) -> Types:
        return [(field.name, _declared(field)) for field in self._fields(snapshot, table.name)]

    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        """All values, which are kept for the join, since reading them takes a millisecond a row."""
        key = snapshot.name, table.name
        if key not in self._read:
            self._read = {old: columns for old, columns in self._read.items() if old[0] == snapshot.name}
            self._read[key] = self._columns(snapshot, table)
        return self._read[key]

    def _columns(self, snapshot: Snapshot, table: Table) -> Columns:
        records = list(self._dataset(snapshot).records(table.name))
        lost = self.lost(snapshot, table)
        columns = {}
        for column in _moved(table, lost):
            name = f"{table.name}/{column.name}"
            value = _value(Type("string") if column.name in lost else column.type, name)
            columns[column.name] = [value(record[name]) for record in records]
        return columns

    def join(self, snapshot: Snapshot) -> Joined:
        return arrow.join(*(self._table(snapshot, name) for name in ("labels", "sentences", "documents")))

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        documents = list(self._dataset(snapshots.dropped).records("documents"))
        if not all(isinstance(document["documents/text"], bytes) for document in documents):
            raise AssertionError("mlcroissant has learned to hand out text as text")
        yield Gotcha(self.name, "It hands out text as bytes of UTF-8.")
        decisions, years = ({document[f"documents/{name}"] for document in documents} for name in ("decision", "year"))
        if not any(b"%2F" in decision for decision in decisions) or b"__HIVE_DEFAULT_PARTITION__" not in years:
            raise AssertionError(f"mlcroissant has learned to read folders' names: {decisions} {years}")
        yield Gotcha(
            self.name,
            (
                "With `output.partition_columns: drop` it takes the names of folders as they are: text, escaped, "
                "and `__HIVE_DEFAULT_PARTITION__` for NULL."
            ),
        )

    def _table(self, snapshot: Snapshot, name: str) -> pa.Table:
        table = self._documentation.tables[name]
        columns = self.columns(snapshot, table)
        return pa.table({c.name: pa.array(columns[c.name], arrow.arrow_type(c.type)) for c in table.columns})

    def _fields(self, snapshot: Snapshot, table: str) -> Sequence[Field]:
        tables = {each.uuid: each for each in self._dataset(snapshot).metadata.record_sets}
        return tables[table].fields

    def _dataset(self, snapshot: Snapshot) -> mlcroissant.Dataset:
        """The snapshot's metadata, which must be valid, and lack nothing but what was not configured."""
        if snapshot.name not in self._datasets:
            dataset = mlcroissant.Dataset(jsonld=snapshot.root / "croissant.json")
            issues = dataset.metadata.issues
            unexpected = [each for each in issues.warnings if not each.endswith("is recommended, but does not exist.")]
            if issues.errors or unexpected or (issues.warnings and snapshot.described):
                raise AssertionError(f"{snapshot.name}: croissant.json: {issues.report()}")
            self._datasets[snapshot.name] = dataset
        return self._datasets[snapshot.name]


def _moved(table: Table, lost: Sequence[str]) -> Sequence[Column]:
    """The columns as croissant.json has them: those that files lack are the last."""
    return table.moved([column.name for column in table.columns if column.name in lost])


_PAIR = {"key": bytes, "value": bytes}


def _documented(kind: Type) -> Any:
    """A documented type in the terms of mlcroissant: what it makes of values, in a list those of an array."""
    match kind.kind:
        case "list":
            return [_documented(kind.element)]
        case "struct":
            return {field.name: _documented(field.type) for field in kind.fields}
        case "map":
            return [_PAIR]
    return _SCALARS[kind.kind]


_SCALARS = {"string": bytes, "int32": np.int32, "int64": np.int64, "double": np.float64, "bool": bool}


def _declared(field: Field) -> Any:
    nested = {each.name: _declared(each) for each in field.sub_fields}
    kind = nested or field.data_type
    return [kind] if field.is_array else kind


def _value(kind: Type, name: str) -> Callable[[Any], Any]:
    """Makes a value of mlcroissant one of Python."""
    match kind.kind:
        case "list":
            element = _value(kind.element, name)
            return lambda value: [element(each) for each in value]
        case "struct":
            fields = [(field.name, f"{name}/{field.name}", _value(field.type, name)) for field in kind.fields]
            return lambda value: {short: convert(value[full]) for short, full, convert in fields}
        case "map":
            text = _value(Type("string"), name)
            return lambda value: [(text(each[f"{name}/key"]), text(each[f"{name}/value"])) for each in value]
        case "string":
            return lambda value: None if value is None else value.decode()
        case "bool":
            return lambda value: value
    return lambda value: None if value is None else value.item()
