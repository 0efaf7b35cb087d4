"""Slots open to the general public, for any site that wants to show them (SMART Scheduling Links)."""
