"""The parts that end-to-end tests are made of, one noun a module: real ones wherever there are any."""
