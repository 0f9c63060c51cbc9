"""The probe of a target: the requests that a sync relies on, tried on objects made for it alone.

``definition`` says what a probe is, ``principals``, ``groups``, ``members`` and ``names`` hold them,
``catalogue`` their order. ``bench`` has the objects and every request about them, ``cleanup`` removes
them whatever happens, ``run`` does all of it for each target, ``report`` is what is shown.
"""
