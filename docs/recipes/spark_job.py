"""Writes features for a classifier, in Spark: a row a sentence, a column an aspect.

    spark-submit docs/recipes/spark_job.py out/reviews out/features

Sentences of one paper are all in split=train or all in split=test.
"""

import sys
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

out, target = sys.argv[1:]
spark = SparkSession.builder.appName("features").getOrCreate()

# The folder that current leads to now: a run that publishes meanwhile changes nothing for this job.
snapshot = Path(out, "current").resolve().as_uri()
sentences = spark.read.parquet(f"{snapshot}/sentences")
labels = spark.read.parquet(f"{snapshot}/labels").where("layer = 'aspect' AND label IS NOT NULL")
taxonomy = spark.read.parquet(f"{snapshot}/taxonomy").where("layer = 'aspect'")

# All labels of the taxonomy, so that the columns do not depend on what the sentences happen to have.
aspects = [row.label for row in taxonomy.select("label").distinct().sort("label").collect()]
wide = labels.groupBy("sentence_id").pivot("label", aspects).agg(f.lit(1))

# The hash is that of the other recipes, so that every tool splits alike.
bucket = f.conv(f.substring(f.md5(f.coalesce("paper_id", "document_id")), 1, 8), 16, 10).cast("long") % 10
features = (
    sentences.select("sentence_id", "paper_id", "text", f.when(bucket < 2, "test").otherwise("train").alias("split"))
    .join(wide, "sentence_id", "left")
    .fillna(0, aspects)
)
features.write.mode("overwrite").partitionBy("split").parquet(target)

spark.read.parquet(target).groupBy("split").agg(
    f.countDistinct("paper_id").alias("papers"),
    f.count("*").alias("sentences"),
    f.sum("EMP").alias("EMP"),
).sort("split").show()
spark.stop()
