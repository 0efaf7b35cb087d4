"""Telling people, by web push and by e-mail, that something of theirs changed.

Invariants: a notice is written in the transaction of the event that causes it, by the service that decides; services
only ever insert. What is delivered holds no health data and nobody's name. The database refuses a fourth notice to a
person about one request. During somebody's quiet hours notices wait; at the end, those still true go out as one.

Delivery is at least once: the message's id is its `Message-ID`, its push `Topic` and the `tag` of what the device
shows, so that a repetition replaces the first.
"""
