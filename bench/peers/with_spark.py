"""Spark reads every file, splits the text at the brackets and writes three tables."""

import os

import files

# Base forms: how the files are read.
#   text     as text, a row a file
#   binary   as binary files
#   empty    reads and writes nothing: what the start of Spark and its end take
# Variations:
#   plain    without the settings below for many small files
#   nocache  documents and sentences are computed again for each table
# wholeTextFiles, the RDD interface, took five times the CPU of text for 9,000 files.
FORMS = ["text", "binary", "text+plain", "text+nocache"]

corpus, out, form, variations = files.arguments(FORMS, idle=["empty"])

os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"

from pyspark import StorageLevel  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as f  # noqa: E402

settings = {
    "spark.driver.memory": "4g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.hadoop.parquet.compression.codec.zstd.level": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
}
if "plain" not in variations:
    # A file counts as its bytes, not as 4 MiB, so that there are few partitions;
    # folders are listed by the driver, not by a job.
    settings |= {
        "spark.sql.files.openCostInBytes": "1024",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000000000",
    }
builder = SparkSession.builder.master("local[*]")
for key, value in settings.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")


def hidden():
    """The folders that Spark leaves out without a word unless they are named:
    those that begin with an underscore or a dot, as papers of any corpus may."""
    for decision in os.scandir(corpus):
        for paper in os.scandir(decision.path):
            if paper.name[0] in "_.":
                yield paper.path + "/Annotated"


def read():
    roots = [corpus, *hidden()]
    options = {"recursiveFileLookup": "true", "pathGlobFilter": "*.txt"}
    if form == "binary":
        return spark.read.format("binaryFile").options(**options).load(roots).select(
            "path", f.decode("content", "UTF-8").alias("content"))
    return spark.read.text(roots, wholetext=True, **options).select(
        f.col("_metadata.file_path").alias("path"), f.col("value").alias("content"))


def labels(layer, group):
    typed = f.filter(f.split(group, ","), lambda x: x != "null")
    return f.transform(typed, lambda x: f.struct(
        f.lit(layer).alias("layer"),
        f.substring(x, 1, 3).alias("label"),
        f.when(f.length(x) > 3, f.substring(x, 5, 3)).alias("polarity"),
    ))


def write(frame, table):
    frame.write.parquet(f"{out}/{table}")


if form != "empty":
    # A JSON string alone is no row for from_json, a list of one is.
    text = f.from_json(f.concat(f.lit("["), "content", f.lit("]")), "array<string>")[0]
    documents = read().select(
        f.regexp_extract("path", "([^/]*)_annotated\\.txt$", 1).alias("document_id"), "path",
        f.split(text, "\\]\\]").alias("parts"))
    if "nocache" not in variations:
        documents = documents.persist(StorageLevel.MEMORY_AND_DISK)
    group = f.split("group", "\\], \\[")
    sentences = documents.select(
        "document_id", f.posexplode(f.slice("parts", 1, f.size("parts") - 1)).alias("sentence_index", "part"),
    ).select(
        "document_id", "sentence_index",
        f.substring_index("part", "[[", 1).alias("text"),
        f.substring_index("part", "[[", -1).alias("group"),
    ).select(
        f.concat("document_id", f.lit("#"), f.lpad(f.col("sentence_index").cast("string"), 4, "0")).alias("sentence_id"),
        "document_id", "sentence_index", f.btrim("text", f.lit(" \n")).alias("text"),
        f.concat(labels("section", group[0]), labels("aspect", group[1])).alias("labels"))
    if "nocache" not in variations:
        sentences = sentences.persist(StorageLevel.MEMORY_AND_DISK)
    write(documents.select(
        "document_id", "path",
        f.array_join(f.transform("parts", lambda p: f.substring_index(p, "[[", 1)), "").alias("text"),
    ), "documents")
    write(sentences, "sentences")
    write(sentences.select("sentence_id", "document_id", f.explode("labels").alias("l"))
          .select("sentence_id", "document_id", "l.layer", "l.label", "l.polarity"), "labels")

# The JVM is a child that Python does not wait for: what it used counts.
gateway = spark.sparkContext._gateway
spark.stop()
gateway.shutdown()
gateway.proc.stdin.close()
gateway.proc.wait()
