"""What a person is shown, and the channels on which it is shown."""
