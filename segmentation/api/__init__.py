"""The segments' part of the REST API, and what a customer's profile says of segments."""
