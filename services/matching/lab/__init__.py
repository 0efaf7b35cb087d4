"""Days drawn by seed or read from a file, lived again under any policy with the real engine and the real judge.

Invariants: every draw comes from a numpy Generator passed in; a policy sees nothing before it is published or asked;
what happens to people (refusals, cancellations, no-shows) is drawn with the day, so that all policies meet the same;
every plan of every policy passes the judge, or the run fails.
"""
