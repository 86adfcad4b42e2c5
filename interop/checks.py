"""Holds each reader against the documentation, the manifest and the other readers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from interop.checksum import ROW, Checksum, UnexpectedValueError, checksums
from interop.documented import Documentation, Table
from interop.quern import Snapshot
from interop.readers.base import Joined, Reader


@dataclass(frozen=True)
class Result:
    """What a reader read of a table."""

    reader: str
    version: str
    snapshot: str
    table: str
    rows: int
    checksum: str | None
    """That of whole rows; None where the reader cannot see all columns."""


@dataclass
class Findings:
    """What was checked, and what was found wrong."""

    results: list[Result] = field(default_factory=list)
    joins: dict[str, Joined] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


Sums = dict[str, dict[str, Checksum]]
"""The checksums of a snapshot, by table and column."""


def check(reader: Reader, snapshot: Snapshot, documentation: Documentation, promised: Sums, findings: Findings) -> None:
    """Has a reader read all tables of a snapshot, and join them."""
    lost = False
    for table in documentation.tables.values():
        place = f"{reader.name}, {snapshot.name}, {table.name}"
        findings.faults += [f"{place}: {fault}" for fault in _schema_faults(reader, snapshot, table)]
        missing = reader.lost(snapshot, table)
        lost = lost or bool(missing)
        try:
            read = _sums(reader, snapshot, table, missing)
        except UnexpectedValueError as error:
            findings.faults.append(f"{place}: {error}")
            continue
        findings.faults += [f"{place}: {fault}" for fault in _sum_faults(read, promised[table.name], missing)]
        rows = read[table.columns[0].name].rows
        if rows != snapshot.rows(table.name):
            findings.faults.append(f"{place}: {rows} rows, and the manifest says {snapshot.rows(table.name)}")
        whole = None if missing else read[ROW].checksum
        findings.results.append(Result(reader.name, reader.version, snapshot.name, table.name, rows, whole))
    if not lost:
        findings.faults += _join_faults(reader, snapshot, findings.joins)


def _schema_faults(reader: Reader, snapshot: Snapshot, table: Table) -> Iterator[str]:
    expected, types = reader.expected(snapshot, table), reader.types(snapshot, table)
    if [name for name, _ in expected] != [name for name, _ in types]:
        yield f"columns {[name for name, _ in types]}, and not {[name for name, _ in expected]}"
        return
    for (name, want), (_, have) in zip(expected, types, strict=True):
        if want != have:
            yield f"{name} is {have!r}, and not {want!r}"


def _sums(reader: Reader, snapshot: Snapshot, table: Table, missing: Sequence[str]) -> dict[str, Checksum]:
    columns = [column for column in table.columns if column.name not in missing]
    return checksums(columns, reader.columns(snapshot, table), whole_rows=not missing)


def _sum_faults(read: dict[str, Checksum], promised: dict[str, Checksum], missing: Sequence[str]) -> Iterator[str]:
    unseen = {*missing, ROW} if missing else set()
    for name in promised.keys() - read.keys() - unseen:
        yield f"no column {name}"
    for name, have in read.items():
        if have != promised[name]:
            yield f"{name} comes to {have}, and not to {promised[name]}"


def _join_faults(reader: Reader, snapshot: Snapshot, joins: dict[str, Joined]) -> Iterator[str]:
    joined = reader.join(snapshot)
    first = joins.setdefault(snapshot.name, joined)
    place = f"{reader.name}, {snapshot.name}"
    if joined != first:
        yield f"{place}: the join comes to {joined}, and with the reader before to {first}"
    if joined.rows != snapshot.rows("labels"):
        yield f"{place}: {joined.rows} labels joined of {snapshot.rows('labels')}"
    if joined.orphans:
        yield f"{place}: {joined.orphans} rows without their match"
    if joined.spans != snapshot.rows("sentences"):
        yield f"{place}: the text of {joined.spans} sentences of {snapshot.rows('sentences')} is at its place"
