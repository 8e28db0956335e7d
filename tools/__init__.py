"""What builds and installs the project; nothing of it is part of the program."""
