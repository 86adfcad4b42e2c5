"""Runs all readers over all snapshots: `make interop`."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from interop.checks import Findings, Sums, check
from interop.checksum import Checksum
from interop.corpora import REPOSITORY, Snapshots, convert
from interop.documented import Documentation
from interop.page import page
from interop.quern import Quern, Snapshot
from interop.readers import counting
from interop.readers.arrow_ipc import ArrowFiles, ArrowStream, PolarsFiles
from interop.readers.base import Probe, Reader
from interop.readers.croissant import Croissant
from interop.readers.datasets import HuggingFace
from interop.readers.duckdb import DuckDB
from interop.readers.pandas import PandasArrow, PandasNumPy
from interop.readers.polars import Polars
from interop.readers.pyarrow import PyArrow
from interop.readers.spark import Spark

PAGE = REPOSITORY / "docs" / "interop.md"


def main() -> int:
    """Checks all, writes the page, and says what is wrong."""
    parser = argparse.ArgumentParser(prog="interop", description=__doc__)
    parser.add_argument("--quern", type=Path, required=True, help="the command to try")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is converted, which is made anew")
    parser.add_argument("--corpora", type=Path, help="folder of the real corpora; without them the page is left alone")
    options = parser.parse_args()

    quern = Quern(options.quern.resolve())
    snapshots = convert(quern, options.work.resolve(), options.corpora)
    documentation = Documentation.of(quern)
    counting.register()
    spark = Spark(documentation, options.work.resolve() / "warehouse")
    try:
        faults, text = interop(quern, snapshots, documentation, spark, options.work.resolve())
    finally:
        spark.stop()
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        print(f"{len(faults)} faults", file=sys.stderr)
        return 1
    if options.corpora:
        PAGE.write_text(text)
    else:
        print(f"Without QUERN_CORPORA the real corpora were not read, and {PAGE.relative_to(REPOSITORY)} is as it was.")
    return 0


def interop(
    quern: Quern,
    snapshots: Snapshots,
    documentation: Documentation,
    spark: Spark,
    work: Path,
) -> tuple[Sequence[str], str]:
    """What is wrong, and the page."""
    readers: list[Reader] = [
        DuckDB(documentation),
        spark,
        Polars(documentation),
        PyArrow(documentation),
        PandasArrow(documentation),
        PandasNumPy(documentation),
        HuggingFace(documentation, work / "datasets"),
        Croissant(documentation),
        ArrowStream(documentation, quern),
        ArrowFiles(documentation),
        PolarsFiles(documentation),
    ]
    findings = Findings()
    promised = {snapshot.name: _promised(quern, snapshot) for snapshot in snapshots.all()}
    for reader in readers:
        begin = time.monotonic()
        for snapshot in filter(reader.reads, snapshots.all()):
            check(reader, snapshot, documentation, promised[snapshot.name], findings)
        print(f"{reader.name} {reader.version}: {time.monotonic() - begin:.0f} s")
    spark.union(snapshots.reviews, snapshots.generated, tuple(documentation.tables.values()))

    probe = _probe(snapshots)
    partitioned = (snapshots.kept, snapshots.dropped)
    pruned = [each for reader in readers for each in reader.pruned(snapshots.generated, partitioned, probe)]
    findings.faults += (f"nothing was left unread: {each}" for each in pruned if not each.read < each.of)
    gotchas = [each for reader in readers for each in reader.gotchas(snapshots)]
    return findings.faults, page(findings.results, findings.joins, pruned, gotchas)


def _promised(quern: Quern, snapshot: Snapshot) -> Sums:
    """The checksums that quern itself comes to."""
    sums: Sums = {}
    for line in json.loads(quern.output("checksum", snapshot.out, "--format", "json")):
        column = Checksum(line["rows"], line["nulls"], line["checksum"])
        sums.setdefault(line["table"], {})[line["column"]] = column
    return sums


def _probe(snapshots: Snapshots) -> Probe:
    """What the filters look for, chosen among what there is."""
    document = _middle(
        pq.read_table(snapshots.generated.folder("documents"), columns=["document_id"], partitioning=None)
    )
    partitioned = pq.read_table(
        snapshots.kept.folder("documents"), columns=["document_id", "decision", "year"], partitioning=None
    ).drop_null()
    return Probe(
        document=document,
        absent=document + "!",
        partitioned=_middle(partitioned),
        decision=partitioned["decision"][0].as_py(),
        year=partitioned["year"][0].as_py(),
    )


def _middle(documents: pa.Table) -> str:
    names = sorted(documents["document_id"].to_pylist())
    return names[len(names) // 2]


if __name__ == "__main__":
    sys.exit(main())
