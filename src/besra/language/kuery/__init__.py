"""KQL (kuery): lexer, parser, tree, printer and lowering to the shared IR."""
