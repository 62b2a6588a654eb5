"""The pytest plugin: how tests reach the library, which itself never imports pytest."""
