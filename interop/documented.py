"""The tables as `quern schema` documents them: what every reader is held against."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interop.quern import Quern


@dataclass(frozen=True)
class Type:
    """The type of a column: a scalar's name, or list, map (of strings to strings) or struct."""

    kind: str
    elements: tuple["Type", ...] = ()
    fields: tuple["Column", ...] = ()

    @property
    def element(self) -> "Type":
        """The type of a list's elements."""
        return self.elements[0]


@dataclass(frozen=True)
class Column:
    """A column of a table, or a field of a struct."""

    name: str
    type: Type


@dataclass(frozen=True)
class Table:
    """A table, with its columns in their documented order."""

    name: str
    columns: tuple[Column, ...]

    def moved(self, names: Sequence[str]) -> tuple[Column, ...]:
        """The columns with some moved to the end, as engines do with those that only folders' names have."""
        by_name = {column.name: column for column in self.columns}
        return tuple(column for column in self.columns if column.name not in names) + tuple(map(by_name.get, names))

    def types(self) -> dict[str, Type]:
        """The types of the columns, by name."""
        return {column.name: column.type for column in self.columns}


@dataclass(frozen=True)
class Documentation:
    """What `quern schema` prints, in each of its formats that a reader can be held against."""

    tables: dict[str, Table]
    sql: str
    spark: dict[str, Any]
    arrow: dict[str, Any]

    @classmethod
    def of(cls, quern: Quern) -> "Documentation":
        """The documentation of the command's own tables."""
        described = json.loads(quern.output("schema", "--format", "json"))
        return cls(
            tables={
                table["name"]: Table(table["name"], tuple(_column(column) for column in table["columns"]))
                for table in described["tables"]
            },
            sql=quern.output("schema", "--format", "sql"),
            spark=json.loads(quern.output("schema", "--format", "spark")),
            arrow=json.loads(quern.output("schema", "--format", "arrow")),
        )


def _column(described: dict[str, str]) -> Column:
    return Column(described["name"], _type(described["type"]))


_SCALARS = ("string", "int32", "int64", "double", "bool")


def _type(text: str) -> Type:
    """A type from its words, such as: list of (layer string, label string)."""
    if text in _SCALARS:
        return Type(text)
    if text == "map of string to string":
        return Type("map")
    if text.startswith("list of "):
        return Type("list", elements=(_type(text.removeprefix("list of ")),))
    if text.startswith("(") and text.endswith(")"):
        fields = (field.partition(" ") for field in text[1:-1].split(", "))
        return Type("struct", fields=tuple(Column(name, _type(kind)) for name, _, kind in fields))
    raise ValueError(f"quern schema names a type that is unknown here: {text}")
