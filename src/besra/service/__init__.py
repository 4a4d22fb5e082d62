"""besra as a service: events in, alerts out, for as long as it runs."""
