"""Access to the operating system: the interface is in `protocol`, with one package or module for each system."""
