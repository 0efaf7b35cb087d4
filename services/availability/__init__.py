"""Who can see whom, when. Owns the schema `availability`.

Invariants: one practitioner is never at two slots at once, at any place; a slot never takes more than its capacity,
save what its practitioner took on top with a reason; a hold ends; every change leaves an event in its own transaction.
"""
