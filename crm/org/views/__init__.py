"""Administration pages: the chain, regions, stores, departments, staff, API keys."""
