"""Booking for other software, by IHE's FHIR Scheduling (ITI-115 to ITI-118), over the same use cases as the pages."""
