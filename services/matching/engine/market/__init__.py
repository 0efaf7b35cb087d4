"""A market as a flow: networks, residual graphs, proofs and prices. Pure; knows neither requests nor doctors."""
