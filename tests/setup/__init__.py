"""The lock files, each with what it is made from, and the metadata of all that they pin."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
METADATA = Path(__file__).with_name("metadata.json")
PYTHONS = ("3.11", "3.12", "3.13")

# lock: the Pythons it is for, the extras of setup.py in it, and the files of .ci beside them. Without extras it has not the project in it.
LOCKS = {
    "requirements.lock": (PYTHONS, {"dev", "keyvault", "sandbox"}, ("build.in",)),
    "requirements-demo.lock": (PYTHONS, {"keyvault", "sandbox"}, ("build.in",)),
    "requirements-uv.lock": (PYTHONS, None, ("uv.in",)),
    "requirements-spark.lock": (PYTHONS, None, ("spark.in",)),
    "requirements-oldest.lock": (
        ("3.11",),  # the floors are older than the next
        {"keyvault", "sandbox"},
        ("build.in", "oldest.in"),
    ),
}

# The locks of a workspace: only what a runtime lacks, so each is complete with that runtime's own packages, and for its Pythons alone.
WORKSPACE_LOCKS = {
    "requirements.txt": ("3.11", "3.12"),
    "requirements-environment-4.txt": ("3.12",),
}
