"""Privacy for other systems: a person's export, their erasure, requests with their deadlines."""
