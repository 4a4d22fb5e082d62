"""The clauses of Elasticsearch's Query DSL that Kibana writes into the filters of rules, lowered to the IR."""
