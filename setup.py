"""Package metadata, kept here alone; pyproject.toml holds the build system and the tools."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
DATA = ["py.typed", "config/*.schema.json", "**/*.sql", "**/*.j2", "**/*.css", "**/*.js"]

setup(
    name="aadsync",
    version="0.1.0",
    description="Governed sync of people, nested groups and service principals "
    "from Microsoft Entra ID into Databricks",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["aadsync_lib", "aadsync_lib.*"]),
    package_data={"aadsync_lib": DATA},
    # Floors are at or below what Databricks Runtime 16.4 LTS preinstalls, so that nothing there has to move (`make runtimes`),
    # and each of them is tested (`make oldest`). requirements.txt repeats them for notebooks.
    install_requires=[
        "databricks-sdk>=0.30,<1",
        "msgraph-sdk>=1.20,<2",
        "azure-identity>=1.17,<2",
        "pandas>=1.5.3",
        "pydantic>=2.8,<3",
        "PyYAML>=6",
        "click>=8",
        "rich>=13",
        "tqdm>=4.60",
        "Jinja2>=3.1",
    ],
    extras_require={
        "keyvault": ["azure-keyvault-secrets>=4.8,<5"],
        "sandbox": ["starlette>=0.37", "uvicorn>=0.29", "cryptography>=41"],
        "dev": [
            "coverage[toml]",
            "hypothesis",
            "import-linter",
            "jsonschema",
            "mypy",
            "pandas-stubs",
            "pytest",
            "pytest-timeout",
            "pytest-xdist",
            "ruff",
            "scim2-tester",
            "selenium",
            "types-PyYAML",
            "types-requests",
            "types-setuptools",
            "types-tqdm",
            "uv",
        ],
    },
    entry_points={"console_scripts": ["aadsync = aadsync_lib.cli:main"]},
)
