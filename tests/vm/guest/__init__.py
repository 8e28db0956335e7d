"""What runs in the guest, in its /usr/local/bin."""
