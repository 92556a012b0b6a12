"""An answer as it comes, chunk by chunk, and the whole of it at the end: waited for, and awaited."""

import asyncio

from slugline import AsyncEngine, Engine


def waited() -> None:
    with Engine() as engine, engine.chat_stream("One word at a time", model="test/echo") as stream:
        for chunk in stream:
            print(chunk.text, end="", flush=True)
        print()
        usage = stream.completion().usage
        print(f"{usage.total_tokens if usage else 0} tokens")


async def awaited() -> None:
    async with AsyncEngine() as engine:
        async for text in engine.chat_stream("And once more", model="test/echo").text_stream:
            print(text, end="", flush=True)
        print()


waited()
asyncio.run(awaited())
