"""Windows: its list of devices, a hidden window for its messages, an icon in the taskbar. `platform.Windows` combines them."""
