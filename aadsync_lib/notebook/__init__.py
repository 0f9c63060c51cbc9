"""Verbs that the notebooks call. Only this package knows ``dbutils``."""

from aadsync_lib.notebook.notebook import Notebook

__all__ = ["Notebook"]
