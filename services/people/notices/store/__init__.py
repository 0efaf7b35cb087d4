"""The only SQL that writes notices, their deliveries, and what people choose of them."""
