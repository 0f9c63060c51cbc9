"""Databricks, as the core sees it.

``account.py`` is the target of an account; a workspace is a module of its own beside it. Both use
``client`` (one request), ``paging``, ``lookup``, ``membership``, ``writes`` and ``translate``.
"""
