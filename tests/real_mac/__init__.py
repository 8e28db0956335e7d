"""A real Mac, with nobody in front of it: `make test-mac`, and by hand only. Whatever needs a person is in `doctor --report`."""
