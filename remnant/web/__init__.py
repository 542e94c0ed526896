"""The review page's server: cases, what-if, plans and files over HTTP, safe by default."""
