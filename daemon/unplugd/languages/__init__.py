"""The languages of what unplugd shows a person: the translations, and how each writes dates, times and numbers."""
