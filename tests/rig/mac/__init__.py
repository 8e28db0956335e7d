"""The programs of a Mac that unplugd uses, played: they refuse what they do not know. Put on PATH, and kept in a folder."""
