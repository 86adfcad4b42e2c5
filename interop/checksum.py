"""The checksums of `quern checksum`, computed over values as a reader hands them out.

A value is encoded as bytes, hashed, and the hashes are added up, so that the order of
rows does not matter. Values must have the Python type that the documentation asks for:
bytes where a string is meant, or a float where a whole number is, is an error and not
another checksum.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from interop.documented import Column, Type

Encoder = Callable[[Any], bytes]
Columns = dict[str, Sequence[Any]]

ROW = "*"
"""The name under which the checksum of whole rows goes."""

_MODULUS = 1 << 64


@dataclass(frozen=True)
class Checksum:
    """What a column, or a whole row, comes to."""

    rows: int
    nulls: int
    checksum: str


class UnexpectedValueError(TypeError):
    """A value that is not what the documentation says."""


def checksums(columns: Sequence[Column], values: Columns, *, whole_rows: bool = True) -> dict[str, Checksum]:
    """The checksum of each column, and under ROW that of whole rows."""
    encoded = [_encode_column(column, values[column.name]) for column in columns]
    sums = {column.name: _sum(cells) for column, cells in zip(columns, encoded, strict=True)}
    if whole_rows:
        sums[ROW] = _sum([b"".join(row) for row in zip(*encoded, strict=True)])
    return sums


def _encode_column(column: Column, values: Iterable[Any]) -> list[bytes]:
    encode = encoder(column.type)
    try:
        return [encode(value) for value in values]
    except UnexpectedValueError as error:
        raise UnexpectedValueError(f"column {column.name}: {error}") from None


def _sum(cells: Sequence[bytes]) -> Checksum:
    total = sum(int.from_bytes(hashlib.sha256(cell).digest()[:8]) for cell in cells) % _MODULUS
    return Checksum(rows=len(cells), nulls=sum(cell == b"N" for cell in cells), checksum=f"{total:016x}")


def encoder(kind: Type) -> Encoder:
    """The function that encodes values of a type."""
    if kind.kind == "list":
        return _list_encoder(kind)
    if kind.kind == "struct":
        return _struct_encoder(kind)
    return _SCALARS[kind.kind]


def _list_encoder(kind: Type) -> Encoder:
    encode = encoder(kind.element)

    def encode_list(value: Any) -> bytes:
        return b"N" if value is None else b"[" + b"".join(map(encode, value)) + b"]"

    return encode_list


def _struct_encoder(kind: Type) -> Encoder:
    fields = [(field.name, encoder(field.type)) for field in kind.fields]

    def encode_struct(value: Any) -> bytes:
        if value is None:
            return b"N"
        if len(value) != len(fields):
            raise UnexpectedValueError(f"{value!r} does not have {len(fields)} fields")
        return b"(" + b"".join(encode(value[name]) for name, encode in fields) + b")"

    return encode_struct


def _encode_map(value: Any) -> bytes:
    """A map from strings to strings: a dict, or the pairs of key and value."""
    if value is None:
        return b"N"
    pairs = value.items() if isinstance(value, dict) else value
    entries = sorted((key.encode(), _encode_string(key), _encode_string(entry)) for key, entry in pairs)
    return b"{" + b"".join(key + entry for _, key, entry in entries) + b"}"


def _encode_string(value: Any) -> bytes:
    if value is None:
        return b"N"
    if type(value) is not str:
        raise UnexpectedValueError(f"{value!r} is a {type(value).__name__}, not a string")
    data = value.encode()
    return b"S%d:%b" % (len(data), data)


def _encode_int(value: Any) -> bytes:
    if value is None:
        return b"N"
    if type(value) is not int:
        raise UnexpectedValueError(f"{value!r} is a {type(value).__name__}, not an integer")
    return b"I%d;" % value


def _encode_double(value: Any) -> bytes:
    if value is None:
        return b"N"
    if type(value) is not float:
        raise UnexpectedValueError(f"{value!r} is a {type(value).__name__}, not a double")
    return b"D" + (bytes.fromhex("7ff8000000000000") if value != value else struct.pack(">d", value))


def _encode_bool(value: Any) -> bytes:
    if value is None:
        return b"N"
    if type(value) is not bool:
        raise UnexpectedValueError(f"{value!r} is a {type(value).__name__}, not a boolean")
    return b"T" if value else b"F"


_SCALARS: dict[str, Encoder] = {
    "string": _encode_string,
    "int32": _encode_int,
    "int64": _encode_int,
    "double": _encode_double,
    "bool": _encode_bool,
    "map": _encode_map,
}
