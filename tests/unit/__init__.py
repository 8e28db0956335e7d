"""Tests of code alone: they start no process, and write below tmp_path only."""
