"""What both services stand on. It knows no service."""
