"""What every page shares: the frame, the look, the live client, the security headers.

Invariants: no inline script or style, nothing from another origin, no patient's name in a URL or a stored page.
"""
