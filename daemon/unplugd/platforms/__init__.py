"""What unplugd asks of an operating system: `protocol` says what, one package or module a system answers."""
