"""Windows' own functions through ctypes: one module for each of its libraries, which are loaded when first needed."""
