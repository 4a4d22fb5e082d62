"""Rules to plans: one module a kind of rule. Each lowers the query and says what correlates its events."""
