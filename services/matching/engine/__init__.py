"""Pure: an Instance goes in, a Plan with its reasons comes out. Standard library, numpy and OR-Tools only."""
