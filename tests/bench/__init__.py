"""The benchmarks of the budgets: `python -m tests.bench [NAME…]`. They are no tests: nothing here fails for being slow."""
