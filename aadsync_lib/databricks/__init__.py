"""Databricks, as the core sees it.

``target`` is the target of an account or a workspace, ``place`` what tells them apart. It uses ``client``
(one request), ``paging``, ``lookup``, ``membership``, ``writes`` and ``translate``.
"""
