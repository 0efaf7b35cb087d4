"""A practitioner's weeks: openings and absences, a day copied, a slot opened again."""
