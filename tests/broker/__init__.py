"""The line to the SAMU hub, over a real RabbitMQ."""
