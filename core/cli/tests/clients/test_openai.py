"""OpenAI's own package for Python, pointed at the server."""

import asyncio
import json

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
ASK = [{"role": "user", "content": "How is the weather?"}]


@pytest.fixture(scope="module")
def client(server):
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key)


def test_chat(client):
    answer = client.chat.completions.create(model="test/echo", messages=[{"role": "user", "content": "Hi there"}])
    assert isinstance(answer, ChatCompletion)
    assert answer.choices[0].message.content == "Hi there"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == 4
    assert answer.model == "test/echo"
    assert answer.choices[0].completion_id and answer.session_id
    assert answer._request_id


def test_stream(client):
    stream = client.chat.completions.create(
        model="up/text", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert all(isinstance(chunk, ChatCompletionChunk) for chunk in chunks)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "It is warm."
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [12]
    without = client.chat.completions.create(model="up/text", messages=ASK, stream=True)
    assert all(chunk.usage is None for chunk in without)


def test_async_stream(server):
    async def read():
        client = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=server.key)
        stream = await client.chat.completions.create(model="up/text", messages=ASK, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(read()) == "It is warm."


def test_tools(client):
    answer = client.chat.completions.create(
        model="up/tools", messages=ASK, tools=[WEATHER], tool_choice="auto", parallel_tool_calls=False
    )
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls" and choice.message.content is None
    (call,) = choice.message.tool_calls
    assert call.function.name == "weather" and json.loads(call.function.arguments) == {"city": "Paris"}
    turns = [*ASK, choice.message, {"role": "tool", "tool_call_id": call.id, "content": "warm"}]
    after = client.chat.completions.create(model="up/text", messages=turns, tools=[WEATHER])
    assert after.choices[0].message.content == "It is warm."


def test_parallel_tools_of_a_stream(client):
    with client.chat.completions.stream(model="up/tools", messages=ASK, tools=[WEATHER]) as stream:
        answer = stream.get_final_completion()
    calls = answer.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments)["city"] for call in calls] == ["Paris", "Oslo"]
    assert [call.id for call in calls] == ["call_1", "call_2"]


def test_json_schema(client):
    class Place(BaseModel):
        schema_name: str = ""
        city: str

    answer = client.chat.completions.parse(model="up/json", messages=ASK, response_format=Place)
    assert answer.choices[0].message.parsed.city == "Paris"


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs(client, stream):
    answer = client.chat.completions.create(
        model="up/text", messages=ASK, logprobs=True, top_logprobs=1, stream=stream
    )
    if stream:
        tokens = [token for c in answer if c.choices and c.choices[0].logprobs for token in c.choices[0].logprobs.content]
    else:
        tokens = answer.choices[0].logprobs.content
    assert [token.token for token in tokens] == ["It ", "is ", "warm."]
    assert tokens[0].top_logprobs[0].logprob == -0.25


def test_errors(server, client):
    with pytest.raises(openai.BadRequestError) as wrong:
        client.chat.completions.create(model="test/echo", messages=ASK, temperature=9)
    assert (wrong.value.param, wrong.value.code) == ("temperature", "invalid_request")
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="tset/echo", messages=ASK)
    assert unknown.value.code == "unknown_model"
    with pytest.raises(openai.RateLimitError) as busy:
        client.with_options(max_retries=0).chat.completions.create(
            model="up/busy", messages=ASK, extra_body={"max_retries": 0}
        )
    assert busy.value.code == "rate_limited" and busy.value.response.headers["retry-after"] == "1"
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="wrong").models.list()
    cut = client.chat.completions.create(
        model="test/echo", messages=ASK, stream=True, extra_body={"test": {"content": "a b c", "cut_after": 1}}
    )
    with pytest.raises(openai.APIError) as broken:
        list(cut)
    assert broken.value.code == "stream_interrupted"


def test_timeouts(client):
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.2, max_retries=0).chat.completions.create(model="up/slow", messages=ASK)
    with pytest.raises(openai.APIStatusError) as late:
        client.with_options(max_retries=0).chat.completions.create(
            model="up/slow", messages=ASK, extra_body={"max_ttft_ms": 200}
        )
    assert (late.value.status_code, late.value.code) == (408, "ttft_timeout")


def test_stored_prompts_and_models(client):
    answer = client.chat.completions.create(
        model="prompt/greet", messages=[], extra_body={"variables": {"name": "Ada"}}
    )
    assert answer.choices[0].message.content == "Say hello to Ada."
    assert "prompt/greet" in [model.id for model in client.models.list()]
    assert client.models.retrieve("test/echo").id == "test/echo"
