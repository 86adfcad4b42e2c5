"""Polars reads every file, splits the text at the brackets and writes three tables."""

import os
from concurrent.futures import ThreadPoolExecutor

import polars as pl

import files

# Base forms: how the files are read.
#   lines    Polars reads each file as lines, of which it has one
#   csv      Polars reads each file as CSV of one column
#   python   Python reads one file after the other
#   threads  Python reads in as many threads as there are processors
# Variations:
#   regex    regular expressions in place of splits
#   glob     Polars is given a pattern instead of a list of files
#   lazy     one lazy query a table, run together
FORMS = ["python", "threads", "lines", "csv", "lines+glob", "python+regex", "python+lazy", "python+regex+lazy"]

corpus, out, form, variations = files.arguments(FORMS)


def read(path):
    with open(path, "rb", buffering=0) as f:
        return f.read().decode()


source = f"{corpus}/**/*.txt" if "glob" in variations else files.walk(corpus)
if form == "lines":
    raw = pl.scan_lines(source, name="text", include_file_paths="path").collect()
elif form == "csv":
    raw = pl.scan_csv(
        source, has_header=False, new_columns=["text"], schema_overrides=[pl.String], separator="\x01",
        quote_char=None, include_file_paths="path",
    ).collect()
elif form == "threads":
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        raw = pl.DataFrame({"path": source, "text": list(pool.map(read, source, chunksize=256))})
else:
    raw = pl.DataFrame({"path": source, "text": [read(path) for path in source]})

text = pl.col("text")
documents = raw.lazy().select(
    pl.col("path").str.extract(r"([^/]*)_annotated\.txt$").alias("document_id"),
    "path",
    text.str.json_decode(pl.String),
)
if "lazy" not in variations:
    documents = documents.collect().lazy()

if "regex" in variations:
    parts = documents.select(
        "document_id",
        text.str.extract_all(r"(?s).*?\[\[.*?\]\]").alias("part"),
    )
    plain = documents.with_columns(text.str.replace_all(r"\[\[.*?\]\]", ""))
else:
    part = pl.col("part")
    parts = documents.select("document_id", text.str.split("]]").alias("part")).with_columns(
        part.list.slice(0, part.list.len() - 1))
    plain = documents.with_columns(text.str.replace_all(r"\[\[[^\]]*\], \[[^\]]*\]\]", ""))


def layer(name, which):
    """The labels of one bracketed list."""
    typed = pl.element()
    return (
        pl.col("lists").list.get(which).str.split(",").list.eval(
            pl.struct(
                pl.lit(name).alias("layer"),
                typed.str.slice(0, 3).alias("label"),
                pl.when(typed.str.len_bytes() > 3).then(typed.str.slice(4)).alias("polarity"),
            ).filter(typed != "null")
        )
    )


halves = pl.col("part").str.split_exact("[[", 1).struct
sentences = (
    parts.with_columns(pl.int_ranges(0, pl.col("part").list.len(), dtype=pl.Int32).alias("sentence_index"))
    .explode("part", "sentence_index")
    .select(
        pl.concat_str("document_id", pl.lit("#"), pl.col("sentence_index").cast(pl.String).str.zfill(4)).alias("sentence_id"),
        "document_id",
        "sentence_index",
        halves.field("field_0").str.strip_chars().alias("text"),
        halves.field("field_1").str.strip_chars_end("]").str.split("], [").alias("lists"),
    )
    .select(
        pl.all().exclude("lists"),
        pl.concat_list(layer("section", 0), layer("aspect", 1)).alias("labels"),
    )
)
if "lazy" not in variations:
    sentences = sentences.collect().lazy()
labels = (
    sentences.select("sentence_id", "document_id", "labels").explode("labels").unnest("labels")
    .filter(pl.col("label").is_not_null())
)


def write(frame, table):
    return frame.sink_parquet(
        f"{out}/{table}.parquet", compression="zstd", compression_level=1, lazy=True, maintain_order=False)


tables = [write(plain, "documents"), write(sentences, "sentences"), write(labels, "labels")]
pl.collect_all(tables)
