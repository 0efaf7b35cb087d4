"""Pro Santé Connect: health professionals sign in with their card. It says who they are; what they may do is ours."""
