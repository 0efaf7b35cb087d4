"""Practitioners' agendas (iCalendar): the one we follow, and the one we offer."""
