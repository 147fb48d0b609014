"""HTTP in and out: events to requests, routes to responses, and the pages."""
