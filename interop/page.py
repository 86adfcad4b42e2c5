"""The page docs/interop.md: the same text for the same tables and the same readers."""

from collections.abc import Iterable, Sequence

from interop.checks import Result
from interop.readers.base import Gotcha, Joined, Pruned

_HEAD = """\
# Readers

`make interop` wrote this page. It converts corpora, and has each reader read every table of them. What a reader finds
must be what is documented: columns, types and order are those of `quern schema`, rows those of the manifest, and
the NULLs and the checksum of each column and of whole rows those of `quern checksum`. A reader that is missing fails.

The snapshots: `reviews` is examples/reviews; `annotated` has several annotators, labels on stretches of text, and
relations; `peer-review-analyze` and `seed` are real corpora, which are not part of the repository; `generated` comes
from `quern gen`, in many parts with row groups of 1,000 rows; and the partitioned ones are cut by
`output.partition_by: [decision, year]`, among them a decision that names of folders must escape, and a year that is
NULL. `annotated` and the last three have Arrow files too.
"""


def page(
    results: Sequence[Result],
    joins: dict[str, Joined],
    pruned: Iterable[Pruned],
    gotchas: Iterable[Gotcha],
) -> str:
    """The page."""
    return "\n".join(
        [
            _HEAD,
            "## Joins",
            "",
            "Labels joined to their sentences, and these to their documents. All readers come to the same counts by",
            "decision and layer; no row is without its match, either way; and the text of each sentence is what the",
            "reader's own substring function finds in the document's text.",
            "",
            *_table(
                ("snapshot", "labels joined", "rows without their match", "sentences in their place"),
                ((name, _number(joined.rows), joined.orphans, _number(joined.spans)) for name, joined in joins.items()),
            ),
            "",
            "## What filters leave unread",
            "",
            "By the reader's own account, or by that of the file system that it reads through. All filters are on",
            "`sentences`.",
            "",
            *_table(
                ("reader", "snapshot", "filter", "how", "read", "by"),
                (
                    (
                        one.reader,
                        one.snapshot,
                        f"`{one.filter}`",
                        one.note or "statistics of row groups",
                        f"{_number(one.read)} of {_number(one.of)} {one.unit}",
                        one.source,
                    )
                    for one in pruned
                ),
            ),
            "",
            "## Good to know",
            "",
            *(f"- {gotcha.reader}: {gotcha.text}" for gotcha in gotchas),
            "",
            "## What each reader read",
            "",
            *_results(results),
            "",
        ]
    )


def _results(results: Sequence[Result]) -> Iterable[str]:
    return _table(
        ("reader", "version", "snapshot", "table", "rows", "checksum of rows"),
        (
            (
                result.reader,
                result.version,
                result.snapshot,
                result.table,
                _number(result.rows),
                f"`{result.checksum}`" if result.checksum else "columns of the folders are lost",
            )
            for result in results
        ),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterable[str]:
    yield _line(head)
    yield _line(["---"] * len(head))
    for row in rows:
        yield _line(row)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |"


def _number(number: int) -> str:
    return f"{number:,}"
