"""The join in SQL, which DuckDB and Spark both speak."""

from collections.abc import Sequence
from typing import Any, Protocol

from interop.readers.base import Joined

ORPHANS = """
SELECT (SELECT count(*) FROM labels l
        WHERE NOT EXISTS (SELECT 1 FROM sentences s WHERE s.sentence_id = l.sentence_id))
     + (SELECT count(*) FROM sentences s
        WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.document_id = s.document_id))
     + (SELECT count(*) FROM sentences s WHERE {size}(s.labels) > 0
        AND NOT EXISTS (SELECT 1 FROM labels l WHERE l.sentence_id = s.sentence_id))
     + (SELECT count(*) FROM documents d WHERE d.sentences > 0
        AND NOT EXISTS (SELECT 1 FROM sentences s WHERE s.document_id = d.document_id))
"""

SPANS = """
SELECT count(*) FROM sentences s JOIN documents d ON s.document_id = d.document_id
WHERE s.text = substring(d.text, s.char_start + 1, s.char_end - s.char_start)
"""

GROUPS = """
SELECT d.decision, l.layer, count(*), sum(s.char_end - s.char_start)
FROM labels l JOIN sentences s ON l.sentence_id = s.sentence_id JOIN documents d ON s.document_id = d.document_id
GROUP BY d.decision, l.layer
"""


class Query(Protocol):
    """Runs a query."""

    def __call__(self, query: str) -> Sequence[Sequence[Any]]: ...


def join(query: Query, size: str) -> Joined:
    """The join over views named like the tables. size is the function for the length of a list."""
    groups = query(GROUPS)
    return Joined(
        rows=sum(count for _, _, count, _ in groups),
        orphans=query(ORPHANS.format(size=size))[0][0],
        spans=query(SPANS)[0][0],
        groups=Joined.groups_of(groups),
    )
