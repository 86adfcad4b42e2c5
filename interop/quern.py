"""Runs the quern command, and knows where it puts what."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLES = ("documents", "sentences", "labels", "relations", "diagnostics", "taxonomy")
PARTITIONED = ("documents", "sentences", "labels", "relations")


@dataclass(frozen=True)
class Partitions:
    """How a snapshot's tables are cut into folders: by which columns, and whether files have these too."""

    by: tuple[str, ...] = ()
    kept: bool = True


@dataclass(frozen=True)
class Snapshot:
    """The current snapshot of an output, under the name that the page has for it."""

    name: str
    out: Path
    partitions: Partitions = field(default=Partitions())
    described: bool = False
    """Whether its config says all that a dataset card has room for."""
    arrow: bool = False
    """Whether it has Arrow files beside those of Parquet."""

    @property
    def root(self) -> Path:
        """The folder of the snapshot, as users name it."""
        return self.out / "current"

    def partition_by(self, table: str) -> tuple[str, ...]:
        """The columns by which a table is cut into folders."""
        return self.partitions.by if table in PARTITIONED else ()

    def dropped(self, table: str) -> tuple[str, ...]:
        """The columns of a table that its folders have and its files have not."""
        return () if self.partitions.kept else self.partition_by(table)

    def folder(self, table: str) -> Path:
        """The folder of a table."""
        return self.root / table

    def parts(self, table: str) -> list[Path]:
        """The Parquet files of a table."""
        return sorted(self.folder(table).rglob("*.parquet"))

    def arrow_folder(self, table: str) -> Path:
        """The folder of a table's Arrow files."""
        return self.root / "arrow" / table

    def arrow_parts(self, table: str) -> list[Path]:
        """The Arrow files of a table."""
        return sorted(self.arrow_folder(table).rglob("*.arrow"))

    def rows(self, table: str) -> int:
        """How many rows the manifest says a table has."""
        manifest = json.loads((self.root / "_manifest.json").read_text())
        return sum(part["rows"] for part in _parts(manifest) if part["table"] == table)


def _parts(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield manifest["taxonomy"]
    for shard in manifest["shards"]:
        yield from shard["parts"]


@dataclass(frozen=True)
class Quern:
    """The command."""

    binary: Path

    def output(self, *arguments: str | Path) -> str:
        """What the command prints."""
        return self.call(*arguments).decode()

    def call(self, *arguments: str | Path, allow: tuple[int, ...] = (0,)) -> bytes:
        """What the command prints, as bytes. Another exit code than those allowed is an error."""
        command = [str(self.binary), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode not in allow:
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr.decode()}")
        return done.stdout

    def run(
        self,
        name: str,
        out: Path,
        *arguments: str | Path,
        partitions: Partitions | None = None,
        described: bool = False,
    ) -> Snapshot:
        """Converts into a new folder. Refused documents are no failure here: they are in the tables."""
        self.call("run", *arguments, allow=(0, 3))
        return Snapshot(name, out, partitions or Partitions(), described)
