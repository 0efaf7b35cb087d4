"""The command line, by subject. Each body is thin: the work is in a module that is imported only when asked for."""
