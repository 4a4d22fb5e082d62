"""What besra costs, beside what others cost, on one machine in one run: `make bench`. See docs/benchmarks.md."""
