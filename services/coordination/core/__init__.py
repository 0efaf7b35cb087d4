"""Pure: the rules of the contract, formulas, masking, scores, forecasts and transfers. Values in, values out."""
