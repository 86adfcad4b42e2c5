"""The snapshots that every reader reads."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from interop.quern import Partitions, Quern, Snapshot

REPOSITORY = Path(__file__).resolve().parent.parent
REAL = ("peer-review-analyze", "seed")


@dataclass(frozen=True)
class Snapshots:
    """What was converted."""

    reviews: Snapshot
    annotated: Snapshot
    generated: Snapshot
    kept: Snapshot
    dropped: Snapshot
    real: tuple[Snapshot, ...]

    def all(self) -> tuple[Snapshot, ...]:
        """All of them, in the order of the page."""
        return (self.reviews, self.annotated, *self.real, self.generated, self.kept, self.dropped)


def convert(quern: Quern, work: Path, real: Path | None) -> Snapshots:
    """Converts the corpora into a folder that is made anew."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)

    corpus = work / "corpus"
    quern.output("gen", corpus, "--documents", "400", "--quirks", "0.1", "--layers", "4")
    settings = ("part_bytes=100KiB", "row_group_rows=1000", "format=both")
    cut = [argument for setting in settings for argument in ("--set", f"output.{setting}")]

    return Snapshots(
        reviews=_convert_reviews(quern, work),
        annotated=_convert_annotated(quern, work),
        generated=replace(_convert(quern, work, "generated", "--corpus", corpus, *cut), arrow=True),
        kept=_convert_partitioned(quern, work, corpus, kept=True),
        dropped=_convert_partitioned(quern, work, corpus, kept=False),
        real=tuple(_convert(quern, work, name, "--corpus", _existing(real / name)) for name in REAL) if real else (),
    )


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(f"QUERN_CORPORA leads to no folder {folder.name}")
    return folder


def _convert_reviews(quern: Quern, work: Path) -> Snapshot:
    out = work / "reviews"
    return quern.run("reviews", out, REPOSITORY / "examples" / "reviews.yaml", "--out", out, described=True)


_ANNOTATED = """
corpora:
  - name: annotated
    root: {corpus}
    format: jsonl
    taxonomy: open
    include: ["*.jsonl"]
    fields: [{{from: key, name: key}}]
    document_id: "{{key}}"
    normalize: {{split: unicode}}
    json:
      text: text
      spans:
        - each: sets
          annotator: by
          path: spans
          id: id
          start: start
          end: end
          labels: [{{from: part, layer: part}}, {{from: mood, layer: mood}}]
      relations:
        - {{each: sets, annotator: by, path: links, kind_from: kind, from: start, to: end, attributes: more}}
"""


def _convert_annotated(quern: Quern, work: Path) -> Snapshot:
    """Documents by two annotators and by one, with labels on stretches of text and relations between them."""
    corpus = work / "annotated-corpus"
    corpus.mkdir()
    text = "Größe \U0001f600 counts. It is new.\nBut dull, I say."
    spans = [
        {"id": "T1", "start": 0, "end": 26, "part": "claim", "mood": "glad"},
        {"id": "T2", "start": 27, "end": 43, "part": "evidence"},
    ]
    link = {"kind": "despite", "start": "T1", "end": "T2", "more": {"how": "much", "größer": "\U0001f600"}}
    ann = {"by": "ann", "spans": spans, "links": [link, {"kind": "alone", "start": "T2"}]}
    sets = ([ann, {"by": "bob", "spans": spans[1:]}], [{"by": "cid", "spans": spans[:1]}], [])
    records = ({"key": f"{number:03d}", "text": text, "sets": sets[number % 3]} for number in range(60))
    (corpus / "all.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    out = work / "annotated"
    config = work / "annotated.yaml"
    config.write_text(_ANNOTATED.format(corpus=corpus))
    return replace(quern.run("annotated", out, config, "--out", out, "--set", "output.format=both"), arrow=True)


def _convert(quern: Quern, work: Path, name: str, *arguments: str | Path) -> Snapshot:
    out = work / name
    return quern.run(name, out, *arguments, "--out", out)


# Two corpora: one that has all values, and one whose decision is what folders' names
# must escape, and whose year is NULL.
_PARTITIONED = """
output:
  format: both
  partition_by: [decision, year]
  partition_columns: {columns}
corpora:
  - name: generated
    root: {corpus}
    taxonomy: peer-review-analyze
    include: ["**/Annotated/*.txt"]
    paths: ["{{decision}}/{{paper_id}}/Annotated/{{venue:[A-Z]+}}{{year:[0-9]+}}-*-{{reviewer:R[0-9]}}_annotated.txt"]
    document_id: "{{venue}}{{year}}-{{paper_id}}-{{reviewer}}"
  - name: reviews
    root: {reviews}
    taxonomy: peer-review-analyze
    include: ["**/Annotated/*.txt"]
    attributes:
      - name: decision
        value: "spotlight/oral = 50%: très bien"
      - name: licence
        value: CC0
      - name: area
        value: vision
"""


def _convert_partitioned(quern: Quern, work: Path, corpus: Path, *, kept: bool) -> Snapshot:
    name = f"partitioned, columns {'kept' if kept else 'dropped'}"
    out = work / ("kept" if kept else "dropped")
    config = work / f"{out.name}.yaml"
    config.write_text(
        _PARTITIONED.format(
            columns="keep" if kept else "drop",
            corpus=corpus,
            reviews=REPOSITORY / "examples" / "reviews",
        )
    )
    partitions = Partitions(by=("decision", "year"), kept=kept)
    return replace(quern.run(name, out, config, "--out", out, partitions=partitions), arrow=True)
