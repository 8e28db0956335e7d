"""A real Windows, with nobody in front of it; run by the workflow, and by hand only. Not yet run."""
