"""Settings: `development` (the default, what `make run` uses), `production` (refuses what is unsafe), `test`."""
