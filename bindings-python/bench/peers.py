"""The packages that are compared, each behind the same few functions.

`call(messages)` asks once and reads the answer's text and token count; `stream(model)` is what a user would
iterate, and `text(chunk)` what they would read of a chunk. What a careful user of the package would write is
written here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

SMALL = [{"role": "user", "content": "Hello"}]
BIG = [
    {"role": role, "content": "All work and no play makes Jack a dull boy. " * 22}
    for role in ["system", *["user", "assistant"] * 50, "user"]
]


class Aiohttp:
    """The floor: aiohttp for the network, orjson for the rest."""

    awaited = True
    start = "import aiohttp, orjson, asyncio\nasync def main():\n async with aiohttp.ClientSession(): pass\nasyncio.run(main())"

    def __init__(self, url: str) -> None:
        import aiohttp
        import orjson

        self.url = url + "/v1/chat/completions"
        self.loads, self.dumps = orjson.loads, orjson.dumps
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers={"authorization": "Bearer k", "content-type": "application/json"},
        )

    async def call(self, messages: Any) -> int:
        body = self.dumps({"model": "m", "messages": messages})
        async with self.session.post(self.url, data=body) as response:
            answer = self.loads(await response.read())
        assert answer["choices"][0]["message"]["content"]
        return answer["usage"]["total_tokens"]

    async def stream(self, model: str) -> AsyncIterator[Any]:
        body = self.dumps({"model": model, "messages": SMALL, "stream": True})
        async with self.session.post(self.url, data=body) as response:
            rest = b""
            async for data in response.content.iter_any():
                *events, rest = (rest + data).split(b"\n\n")
                for event in events:
                    if event != b"data: [DONE]":
                        chunk = self.loads(event[6:])
                        if chunk["choices"]:
                            yield chunk["choices"][0]["delta"]

    def text(self, chunk: Any) -> str:
        return chunk.get("content") or ""

    async def close(self) -> None:
        await self.session.close()


class Slugline:
    awaited = False
    start = "from slugline import Engine\nEngine(providers={'up': {'dialect': 'openai', 'base_url': 'http://127.0.0.1:9/v1', 'api_key': 'k'}})"

    def __init__(self, url: str) -> None:
        from slugline import Engine

        self.engine = Engine(
            providers={"up": {"dialect": "openai", "base_url": url + "/v1", "api_key": "k"}}
        )

    def call(self, messages: Any) -> int:
        answer = self.engine.chat(messages, model="up/m")
        assert answer.text and answer.usage
        return answer.usage.total_tokens

    def stream(self, model: str) -> Any:
        return self.engine.chat_stream(SMALL, model=f"up/{model}")

    def text(self, chunk: Any) -> str:
        return chunk.text

    def close(self) -> None:
        self.engine.close()


class SluglineAsync:
    awaited = True
    start = "import asyncio\nfrom slugline import AsyncEngine\nasync def main():\n async with AsyncEngine(providers={'up': {'dialect': 'openai', 'base_url': 'http://127.0.0.1:9/v1', 'api_key': 'k'}}): pass\nasyncio.run(main())"

    def __init__(self, url: str) -> None:
        self.engine = Slugline(url).engine.as_async()

    async def call(self, messages: Any) -> int:
        answer = await self.engine.chat(messages, model="up/m")
        assert answer.text and answer.usage
        return answer.usage.total_tokens

    def stream(self, model: str) -> Any:
        return self.engine.chat_stream(SMALL, model=f"up/{model}")

    def text(self, chunk: Any) -> str:
        return chunk.text

    async def close(self) -> None:
        await self.engine.close()


class OpenAI:
    awaited = False
    start = "from openai import OpenAI\nOpenAI(base_url='http://127.0.0.1:9/v1', api_key='k')"

    def __init__(self, url: str) -> None:
        from openai import OpenAI

        self.client = OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)

    def call(self, messages: Any) -> int:
        answer = self.client.chat.completions.create(model="m", messages=messages)
        assert answer.choices[0].message.content and answer.usage
        return answer.usage.total_tokens

    def stream(self, model: str) -> Iterator[Any]:
        # The plain messages of the floor are no typed messages of this peer.
        stream = self.client.chat.completions.create(model=model, messages=SMALL, stream=True)  # type: ignore
        for chunk in stream:
            if chunk.choices:
                yield chunk

    def text(self, chunk: Any) -> str:
        return chunk.choices[0].delta.content or ""

    def close(self) -> None:
        self.client.close()


class OpenAIAsync:
    awaited = True
    start = "import asyncio\nfrom openai import AsyncOpenAI\nasync def main():\n AsyncOpenAI(base_url='http://127.0.0.1:9/v1', api_key='k')\nasyncio.run(main())"

    def __init__(self, url: str) -> None:
        from openai import AsyncOpenAI

        self.client = AsyncOpenAI(base_url=url + "/v1", api_key="k", max_retries=0)

    async def call(self, messages: Any) -> int:
        answer = await self.client.chat.completions.create(model="m", messages=messages)
        assert answer.choices[0].message.content and answer.usage
        return answer.usage.total_tokens

    async def stream(self, model: str) -> AsyncIterator[Any]:
        create = self.client.chat.completions.create
        # As above.
        async for chunk in await create(model=model, messages=SMALL, stream=True):  # type: ignore
            if chunk.choices:
                yield chunk

    def text(self, chunk: Any) -> str:
        return chunk.choices[0].delta.content or ""

    async def close(self) -> None:
        await self.client.close()


class LiterLLM:
    awaited = True
    start = "import asyncio\nimport liter_llm\nasync def main():\n liter_llm.create_client(api_key='k', base_url='http://127.0.0.1:9/v1')\nasyncio.run(main())"

    def __init__(self, url: str) -> None:
        import liter_llm

        self.liter = liter_llm
        self.client = liter_llm.create_client(
            api_key="k", base_url=url + "/v1", max_retries=0, model_hint="openai"
        )

    async def call(self, messages: Any) -> int:
        request = self.liter.ChatCompletionRequest(model="m", messages=messages)
        answer = await self.liter.chat(self.client, request)
        assert answer.choices[0].message.content
        return answer.usage.total_tokens

    async def stream(self, model: str) -> AsyncIterator[Any]:
        request = self.liter.ChatCompletionRequest(model=model, messages=SMALL)
        async for chunk in self.liter.chat_stream(self.client, request):
            if chunk.choices:
                yield chunk

    def text(self, chunk: Any) -> str:
        return chunk.choices[0].delta.content or ""

    async def close(self) -> None:
        pass


PEERS: dict[str, Any] = {
    "aiohttp + orjson": Aiohttp,
    "slugline": SluglineAsync,
    "slugline (sync)": Slugline,
    "openai": OpenAIAsync,
    "openai (sync)": OpenAI,
    "liter-llm": LiterLLM,
}
