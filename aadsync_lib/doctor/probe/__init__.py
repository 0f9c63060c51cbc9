"""The probe of a target: the requests that a sync relies on, tried on objects made for it alone.

``answers`` has its values, ``bench`` the objects and the requests about them, ``members``, ``names``,
``groups`` and ``principals`` what is tried, ``catalogue`` the order of it, ``cleanup`` what removes the
objects whatever happens, ``run`` all of it for each target, and ``report`` what is shown.
"""
