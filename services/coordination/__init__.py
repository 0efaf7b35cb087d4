"""The coordinator's year: contract, figures, evidence, money, tension, tomorrow."""
