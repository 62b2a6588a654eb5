"""Frameworks: agents that people wrote with one, seen as they are, with nothing to change in them.

One file a framework; it says by `FRAMEWORK` which modules it patches. None imports its framework.
What a model is asked passes the transport's door. A framework's file adds who asks, and tools.
"""
