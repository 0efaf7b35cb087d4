"""Notices, from the event to the mailbox and the phone, on real servers."""
