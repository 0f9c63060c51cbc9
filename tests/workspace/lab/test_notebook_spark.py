"""``spark`` in a notebook: there from the start, and paid for by notebooks that use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workspace.lab.notebook_cells import Run, error, runner

NOWHERE = "sc://127.0.0.1:1"
USES_SPARK = """
def frame(names):
    return names["spark"].sql("SELECT 1 AS n")
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runner(tmp_path)


def test_spark_is_none_without_a_server(run: Run) -> None:
    assert run("print(globals()['spark'])").text == "None"


@pytest.mark.parametrize("restart", ["x = 1", "# MAGIC %restart_python"])
def test_spark_is_there_before_any_cell_names_it_and_not_imported(run: Run, restart: str) -> None:
    cell = "import sys\nprint(globals()['spark'] is not None, 'pyspark' in sys.modules)"
    assert run(restart, cell, spark=NOWHERE).succeeded().text == "True False"


@pytest.mark.parametrize("use", ["and bool(kept)", "and kept == kept", "and [kept].count(kept)"])
def test_to_hand_spark_on_is_not_to_use_it(run: Run, use: str) -> None:
    cell = f"import sys\nkept = spark or None\nprint(bool(kept {use}), 'pyspark' in sys.modules)"
    assert run(cell, spark=NOWHERE).succeeded().text == "True False"


def test_a_library_that_gets_the_globals_has_the_real_session(
    run: Run, tmp_path: Path, spark_url: str
) -> None:
    (tmp_path / "uses.py").write_text(USES_SPARK)
    result = run(
        "import sys\nsys.path.append('.')\nimport uses\nfound = uses.frame(globals())",
        "display(found)\nprint(type(found).__module__)",
        "made = spark.createDataFrame([('ada', 2)], 'name STRING, count INT')\ndisplay(made)",
        "# MAGIC %restart_python",
        "print(spark.range(3).count(), type(spark.catalog).__name__)",
        "spark",
        spark=spark_url,
    ).succeeded()
    assert [table.records for table in result.tables] == [[{"n": 1}], [{"name": "ada", "count": 2}]]
    lines = result.text.splitlines()
    assert lines[:2] == ["pyspark.sql.connect.dataframe", "3 Catalog"]
    assert "SparkSession object" in lines[2]


def test_what_spark_refuses_fails_the_cell(run: Run, spark_url: str) -> None:
    assert error(run("spark.absent", spark=spark_url))[0].endswith("AttributeError")
