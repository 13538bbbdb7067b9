"""Cases that were made by running the ancestor: what it generated, compared with what we compile.

``python -m tests.conformance --vectors DIR`` takes any directory of such cases (its README says how they are to be
compared). The way of a case: :mod:`cases` reads it, :mod:`authoring` builds our objects of its application,
:mod:`generation` compiles them, :mod:`translation` puts the ancestor's Spec into our terms, :mod:`comparison` finds the
differences, :mod:`rules` knows which of them are meant, and :mod:`judgement` decides.
"""
