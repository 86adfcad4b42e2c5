"""What the readers share that hand out Arrow tables."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from interop.checksum import Columns
from interop.documented import Type
from interop.readers.base import Joined


def arrow_type(kind: Type) -> pa.DataType:
    """A documented type in Arrow's terms, with nothing said about NULL."""
    match kind.kind:
        case "list":
            return pa.list_(pa.field("element", arrow_type(kind.element)))
        case "struct":
            return pa.struct([pa.field(field.name, arrow_type(field.type)) for field in kind.fields])
        case "map":
            return pa.map_(pa.string(), pa.string())
    return _SCALARS[kind.kind]


_SCALARS = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
}


def documented_fields(described: dict[str, Any]) -> list[pa.Field]:
    """The fields of a table from what `quern schema --format arrow` prints, the JSON of Arrow's integration tests."""
    return [_field(field) for field in described["fields"]]


def _field(described: dict[str, Any]) -> pa.Field:
    kind, children = described["type"], [_field(child) for child in described["children"]]
    metadata = {entry["key"]: entry["value"] for entry in described.get("metadata", ())}
    return pa.field(described["name"], _type(kind, children), described["nullable"], metadata)


def _type(kind: dict[str, Any], children: list[pa.Field]) -> pa.DataType:
    match kind:
        case {"name": "utf8"}:
            return pa.string()
        case {"name": "int", "bitWidth": 32, "isSigned": True}:
            return pa.int32()
        case {"name": "int", "bitWidth": 64, "isSigned": True}:
            return pa.int64()
        case {"name": "floatingpoint", "precision": "DOUBLE"}:
            return pa.float64()
        case {"name": "bool"}:
            return pa.bool_()
        case {"name": "list"}:
            return pa.list_(children[0])
        case {"name": "struct"}:
            return pa.struct(children)
        case {"name": "map", "keysSorted": False}:
            key, value = children[0].type
            return pa.map_(key.type, value)
    raise ValueError(f"quern schema names a type that is unknown here: {kind}")


def plain(kind: pa.DataType) -> pa.DataType:
    """A type of Arrow without what it says about NULL and the names within maps."""
    if pa.types.is_map(kind):
        return pa.map_(plain(kind.key_type), plain(kind.item_type))
    if pa.types.is_list(kind):
        return pa.list_(pa.field("element", plain(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, plain(field.type)) for field in kind])
    return kind


def values(table: pa.Table) -> Columns:
    """All values of a table, by column."""
    return {name: table.column(name).to_pylist() for name in table.column_names}


def join(labels: pa.Table, sentences: pa.Table, documents: pa.Table) -> Joined:
    """The join with Arrow's own operators, which take no nested columns along."""
    length = pc.subtract(sentences["char_end"], sentences["char_start"])
    listed = pc.list_value_length(sentences["labels"])
    sentences = sentences.select(["sentence_id", "document_id", "text", "char_start", "char_end"])
    sentences = sentences.append_column("length", length).append_column("listed", listed)
    documents = documents.select(["document_id", "decision", "text", "sentences"])
    documents = documents.rename_columns(["document_id", "decision", "whole", "counted"])
    labels = labels.select(["sentence_id", "layer"])

    found = sentences.join(documents, "document_id", join_type="inner").combine_chunks()
    joined = labels.join(found, "sentence_id", join_type="inner")
    groups = joined.group_by(["decision", "layer"]).aggregate([([], "count_all"), ("length", "sum")])
    columns = ("decision", "layer", "count_all", "length_sum")
    orphans = (
        labels.join(sentences, "sentence_id", join_type="left anti"),
        sentences.join(documents, "document_id", join_type="left anti"),
        sentences.filter(pc.field("listed") > 0).join(labels, "sentence_id", join_type="left anti"),
        documents.filter(pc.field("counted") > 0).join(sentences, "document_id", join_type="left anti"),
    )
    return Joined(
        rows=joined.num_rows,
        orphans=sum(table.num_rows for table in orphans),
        spans=_spans(found),
        groups=Joined.groups_of(list(zip(*(groups[name].to_pylist() for name in columns), strict=True))),
    )


def _spans(found: pa.Table) -> int:
    """Arrow's kernels cut all strings at the same place, so Python cuts these."""
    columns = (found[name].to_pylist() for name in ("text", "whole", "char_start", "char_end"))
    return sum(text == whole[start:end] for text, whole, start, end in zip(*columns, strict=True))
