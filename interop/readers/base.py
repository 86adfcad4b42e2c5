"""What is asked of every reader."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from interop.checksum import Columns
from interop.corpora import Snapshots
from interop.documented import Table
from interop.quern import Snapshot

Types = list[tuple[str, Any]]
"""The columns in order, each with its type in the reader's own terms."""


@dataclass(frozen=True)
class Joined:
    """What a join of labels to sentences to documents comes to. All readers must agree on it."""

    rows: int
    """Labels with their sentence and its document."""
    orphans: int
    """Labels without a sentence, sentences without a document, and the other way round:
    sentences that list labels without a row in labels, documents that count sentences without a row."""
    spans: int
    """Sentences whose text is what the reader's own substring function finds in the document."""
    groups: tuple[tuple[str | None, str | None, int, int], ...]
    """By the document's decision and the label's layer: labels, and characters of their sentences."""

    @staticmethod
    def groups_of(rows: Sequence[Sequence[Any]]) -> tuple[tuple[str | None, str | None, int, int], ...]:
        """The groups in an order that all readers share: NULL first."""
        groups = [(decision, layer, int(count), int(characters)) for decision, layer, count, characters in rows]
        return tuple(sorted(groups, key=lambda row: (row[0] or "", row[1] or "")))


@dataclass(frozen=True)
class Pruned:
    """What a reader left unread, by its own account."""

    reader: str
    snapshot: str
    filter: str
    note: str
    """What but the statistics of row groups took part."""
    read: int
    of: int
    unit: str
    """What was counted, e.g. row groups."""
    source: str
    """Where the numbers come from."""


@dataclass(frozen=True)
class Gotcha:
    """Something to know about a reader, which the code that reports it has just seen happen."""

    reader: str
    text: str


@dataclass(frozen=True)
class Probe:
    """What the filters that show pruning look for."""

    document: str
    """A document id of the generated corpus."""
    absent: str
    """An id that no document has, between two that are."""
    partitioned: str
    """A document id of the partitioned snapshots."""
    decision: str
    """A decision of the partitioned snapshots."""
    year: int
    """A year of the partitioned snapshots."""

    @property
    def of_document(self) -> str:
        """The filter for the document, in SQL and on the page."""
        return f"document_id = '{self.document}'"

    @property
    def of_partition(self) -> str:
        """The filter for the decision and the year, in SQL and on the page."""
        return f"decision = '{self.decision}' AND year = {self.year}"


class Reader(ABC):
    """One reader: its own code reads the files, and its own values are compared."""

    name: str
    package: str

    @property
    def version(self) -> str:
        """The version of the reader's package."""
        return version(self.package)

    @abstractmethod
    def expected(self, snapshot: Snapshot, table: Table) -> Types:
        """The types that the documentation leads one to expect."""

    @abstractmethod
    def types(self, snapshot: Snapshot, table: Table) -> Types:
        """The types that there are."""

    @abstractmethod
    def columns(self, snapshot: Snapshot, table: Table) -> Columns:
        """All values, by column."""

    @abstractmethod
    def join(self, snapshot: Snapshot) -> Joined:
        """Joins labels to sentences to documents."""

    def pruned(self, generated: Snapshot, partitioned: Sequence[Snapshot], probe: Probe) -> Iterator[Pruned]:
        """Reads with filters, and tells what was left unread."""
        yield from ()

    def gotchas(self, snapshots: Snapshots) -> Iterator[Gotcha]:
        """Has each thing that surprises happen, and tells it."""
        yield from ()

    def reads(self, snapshot: Snapshot) -> bool:
        """Whether the snapshot has what the reader reads."""
        return True

    def lost(self, snapshot: Snapshot, table: Table) -> tuple[str, ...]:
        """Columns that the reader cannot see, since only the folders' names have them."""
        return ()
