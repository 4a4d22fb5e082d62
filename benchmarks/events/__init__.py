"""Made-up events of a made-up company, in the shape in which Elastic Defend writes them: `python -m benchmarks.events`.

Nothing in them was recorded anywhere. What speed depends on is set on purpose: about 3 KB and 80 leaves an event, few
programs that run often and many that run once, command lines and paths that hardly repeat, parent chains.
"""
