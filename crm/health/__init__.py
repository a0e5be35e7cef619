"""Is it alive, is it ready, how is it doing: for supervisors, load balancers and Prometheus."""
