"""adaptive-sdk, pointed at the server: chats with the newest version, feedback with the last that sends it over REST."""

import os
import subprocess
import sys

from adaptive_sdk import Adaptive
from adaptive_sdk.rest import rest_types
from pydantic import BaseModel

ASK = [{"role": "user", "content": "Hi there"}]


def client(server):
    adaptive = Adaptive(base_url=server.url, api_key=server.key)
    adaptive.set_default_project("desk")
    return adaptive


def test_chat(server):
    answer = client(server).chat.create(messages=ASK, labels={"team": "blue"})
    assert isinstance(answer, rest_types.ChatResponse)
    assert answer.choices[0].message.content == "Hi there"
    assert answer.usage.total_tokens > 0
    named = client(server).chat.create(
        messages=ASK, model="small", session_id="4f1c0c9e-6f3b-4b57-9a6c-0a7d1a7e1b11", store=False
    )
    assert str(named.session_id) == "4f1c0c9e-6f3b-4b57-9a6c-0a7d1a7e1b11"
    assert named.choices[0].model == "test/echo"


def test_stream(server):
    chunks = list(client(server).chat.create(messages=ASK, stream=True, stream_include_usage=True))
    assert all(isinstance(chunk, rest_types.ChatResponseChunk) for chunk in chunks)
    assert "".join(chunk.choices[0].delta.content for chunk in chunks if chunk.choices) == "Hi there"
    assert chunks[-1].usage.total_tokens > 0


def test_output_by_a_model(server):
    class Place(BaseModel):
        city: str

    answer = client(server).chat.create(messages=ASK, response_format=Place)
    assert answer.choices


OLD = """
import sys
from adaptive_sdk import Adaptive
url, key = sys.argv[1:]
client = Adaptive(base_url=url, api_key=key)
client.set_default_use_case("desk")
answer = client.chat.create(messages=[{"role": "user", "content": "Hi there"}])
text = "".join(
    chunk.choices[0].delta.content
    for chunk in client.chat.create(messages=[{"role": "user", "content": "Hi there"}], stream=True)
    if chunk.choices
)
assert text == "Hi there", text
kept = client.feedback.log_metric(
    value=True, completion_id=answer.choices[0].completion_id, feedback_key="thumbs", details="good"
)
print("feedback", kept.feedback_id)
"""


def test_feedback(server):
    path = os.path.join(os.environ["CLIENTS"], "adaptive-0.1")
    words = [sys.executable, "-c", OLD, server.url, server.key]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("feedback ")
