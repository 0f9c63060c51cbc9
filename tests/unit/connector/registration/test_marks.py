"""Marks in the notes of an application."""

from __future__ import annotations

from aadsync_lib.connector.registration.marks import (
    LONGEST_NOTES,
    Stored,
    is_tagged,
    noted,
    place_digest,
    stored_in,
)

HERE, THERE = place_digest("secret: a/b here"), place_digest("secret: a/b there")
ONE, TWO = Stored("key-1", HERE), Stored("key-2", THERE)


def test_the_tag_is_a_line_of_its_own():
    assert is_tagged("Team Data\n aadsync:contoso \n", "contoso")
    for notes in (None, "", "aadsync:contoso2", "see aadsync:contoso", "aadsync:contoso/account"):
        assert not is_tagged(notes, "contoso")


def test_what_is_noted_is_read_in_its_order():
    notes = noted("Team Data", "contoso", [ONE, TWO])
    assert is_tagged(notes, "contoso")
    assert stored_in(notes, "contoso") == (ONE, TWO)
    assert stored_in(noted(notes, "contoso", [TWO]), "contoso") == (TWO,)
    assert stored_in(notes, "other") == ()
    assert stored_in(None, "contoso") == ()


def test_what_others_wrote_stays():
    notes = noted("Team Data\naadsync:contoso/account", "contoso", [ONE])
    assert notes.startswith("Team Data\naadsync:contoso/account\n")
    assert noted(notes, "contoso", [ONE]) == notes
    assert noted(noted(notes, "contoso", []), "contoso", [ONE]) == notes


def test_what_others_wrote_gives_way_where_there_is_no_room():
    notes = noted("x" * 2000, "contoso", [ONE, TWO])
    assert len(notes) == LONGEST_NOTES
    assert stored_in(notes, "contoso") == (ONE, TWO)
