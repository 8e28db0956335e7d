"""Linux: sysfs, kernel uevents, /proc and D-Bus. `platform.Linux` combines them."""
