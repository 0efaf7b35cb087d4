"""What runs behind a service: its tasks, its health, its logs."""
