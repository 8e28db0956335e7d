"""Linux: sysfs, kernel uevents, /proc, D-Bus. `platform.Linux` puts them together."""
