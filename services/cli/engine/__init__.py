"""The engine from the command line: on files, away from any server."""
