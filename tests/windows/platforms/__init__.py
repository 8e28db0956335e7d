"""Windows' platform on Windows, as far as Wine is one."""
