"""A host of OpenAI's format on loopback, as far as the tests of clients need one. The model says what it answers."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKENS = ["It ", "is ", "warm."]
CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}},
]
LOGPROBS = {
    "content": [
        {
            "token": token,
            "logprob": -0.25,
            "bytes": list(token.encode()),
            "top_logprobs": [{"token": token, "logprob": -0.25, "bytes": None}],
        }
        for token in TOKENS
    ],
    "refusal": None,
}
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


class Host(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        model = body["model"]
        if model == "slow":
            time.sleep(5)
        if model == "busy":
            error = {"message": "slow down", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
            return self.send(429, "application/json", json.dumps({"error": error}).encode(), {"retry-after": "1"})
        if body.get("stream"):
            events = [json.dumps(chunk) for chunk in self.chunks(model, body)] + ["[DONE]"]
            text = "".join(f"data: {event}\n\n" for event in events)
            return self.send(200, "text/event-stream", text.encode())
        self.send(200, "application/json", json.dumps(self.whole(model, body)).encode())

    def send(self, status, kind, body, headers=None):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        try:
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # The client did not wait: some tests want that.

    def whole(self, model, body):
        message, reason, logprobs = {"role": "assistant", "content": "".join(TOKENS)}, "stop", None
        if model == "tools":
            parallel = body.get("parallel_tool_calls", True)
            message = {"role": "assistant", "content": None, "tool_calls": CALLS if parallel else CALLS[:1]}
            reason = "tool_calls"
        if model == "json":
            name = body["response_format"]["json_schema"]["name"]
            message["content"] = json.dumps({"schema": name, "city": "Paris"})
        if body.get("logprobs"):
            logprobs = LOGPROBS
        choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": logprobs}
        return {**self.head(model, "chat.completion"), "choices": [choice], "usage": USAGE}

    def chunks(self, model, body):
        def chunk(delta, reason=None, logprobs=None):
            choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": logprobs}
            return {**self.head(model, "chat.completion.chunk"), "choices": [choice]}

        yield chunk({"role": "assistant", "content": None if model == "tools" else ""})
        if model == "tools":
            for index, call in enumerate(CALLS):
                whole = call["function"]["arguments"]
                start = {**call, "index": index, "function": {**call["function"], "arguments": whole[:5]}}
                yield chunk({"tool_calls": [start]})
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": whole[5:]}}]})
        else:
            for index, token in enumerate(TOKENS):
                logprobs = {"content": [LOGPROBS["content"][index]], "refusal": None}
                yield chunk({"content": token}, None, logprobs if body.get("logprobs") else None)
        yield chunk({}, "tool_calls" if model == "tools" else "stop")
        if body.get("stream_options", {}).get("include_usage"):
            yield {**self.head(model, "chat.completion.chunk"), "choices": [], "usage": USAGE}

    def head(self, model, kind):
        return {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": model}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdout.flush()
    server.serve_forever()
