"""Tools of the project: set-up, the man page and the completions, the shape of the code. None is part of the program."""
