"""The script that a plain `mitmdump -s` loads; mitmproxy puts its folder on `sys.path`."""
