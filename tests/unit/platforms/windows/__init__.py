"""The parts of Windows' platform that need no Windows."""
