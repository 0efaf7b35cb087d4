"""Which request goes to which slot. Owns the schema `matching`.

Invariants: a request is never lost from sight (every state change is a row); a request holds at most one slot;
what was said to a person is not unsaid; every assignment and every refusal to assign carries its reasons.
"""
