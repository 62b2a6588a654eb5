"""No key is needed to replay. To record with a model of your own, name it in the environment."""

import os

os.environ.setdefault("OPENAI_API_KEY", "none")
os.environ.setdefault("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
