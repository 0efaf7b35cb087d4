"""Whether what a client kept is still what we have (RFC 9110, 13.1.2)."""

import re

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def same(if_none_match: str | None, etag: str) -> bool:
    """Whether one of the tags a client shows is this one: compared weakly, in a list or `*`."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in _TAG.findall(if_none_match)
