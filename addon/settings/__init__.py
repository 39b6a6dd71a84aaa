"""Settings from the TOML file and the environment."""
