"""Notifications: the messages, and the channels that show them."""
