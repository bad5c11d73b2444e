"""Reads a Parquet file with Spark, where pyspark and Java are present."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import polars as pl

PROGRAM = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
spark.read.parquet(sys.argv[1]).coalesce(1).write.parquet(sys.argv[2])
"""


def why_no_spark() -> str:
    """Return why Spark cannot run here, empty where it can."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed"
    return "" if shutil.which("java") else "there is no Java"


def read_with_spark(path: Path, work: Path) -> pl.DataFrame:
    """Return what Spark has read from a file and written plainly anew."""
    out = work / "by-spark"
    subprocess.run([sys.executable, "-c", PROGRAM, str(path), str(out)], check=True)
    return pl.read_parquet(out / "*.parquet")
