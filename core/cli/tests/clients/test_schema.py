"""schemathesis against the document: no 5xx, and every answer is what the document says. A fixed seed, bounded."""

import json
import pathlib
import re
import subprocess
import sys
import urllib.request

import pytest

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
]
MODELS = ["test/echo", "fast", "prompt/greet", "prompt/acme/shop/welcome@production"]
# What exists here: with these the requests get past the look-up of names.
NAMES = {
    "slug": ["greet", "acme/shop/welcome"],
    "workspace": ["acme"],
    "project": ["shop"],
    "environment": ["production"],
    "model": MODELS,
}
# So many requests of each operation with a body must be answered 2xx; of any other, one.
ANSWERED = {"any": 1, "known": 20}


def named(document):
    """The document with names that exist, and without the fields that choose more of them."""
    for path, item in document["paths"].items():
        names = {**NAMES, "prompt": ["welcome" if "{workspace}" in path else "greet"]}
        for operation in item.values():
            # The prompts of the guide have no numbered versions.
            parameters = [parameter for parameter in operation.get("parameters", []) if parameter["name"] != "v"]
            for parameter in parameters:
                parameter["schema"]["enum"] = names[parameter["name"]]
            operation["parameters"] = parameters
    for name in ["ChatRequest", "PromptRequest", "ProjectPromptRequest"]:
        fields = document["components"]["schemas"][name]["properties"]
        fields["model"] = {"type": "string", "enum": MODELS if name == "ChatRequest" else MODELS[:2]}
        fields["variables"] = {"enum": [{"customer": "Ada"}, {"name": "Ada"}]}
        # What a body must hold for the call to be made, and what is right only beside something else.
        document["components"]["schemas"][name]["required"] = ["messages"] if name == "ChatRequest" else ["variables"]
        for other in ["project", "ab_campaign", "variant", "version", "environment", "tools", "template", "top_logprobs"]:
            fields.pop(other)
    return document


def ask(guide, path, body=None):
    headers = {"authorization": f"Bearer {guide.key}", "content-type": "application/json"}
    request = urllib.request.Request(guide.url + path, body and json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def answered(report, document):
    """How many requests of each operation were answered 2xx."""
    paths = {path: re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))) for path in document["paths"]}
    # The route without names of its own wins.
    order = sorted(paths, key=lambda path: path.count("{"))
    counts = {(method.upper(), path): 0 for path, item in document["paths"].items() for method in item}
    for entry in json.loads(report.read_text())["log"]["entries"]:
        request = entry["request"]
        target = re.sub(r"^https?://[^/]+", "", request["url"]).split("?")[0]
        path = next((path for path in order if paths[path].fullmatch(target)), None)
        if (request["method"], path) in counts and 200 <= entry["response"]["status"] < 300:
            counts[request["method"], path] += 1
    return counts


@pytest.mark.parametrize("names", ["any", "known"])
def test_fuzzed_requests(guide, tmp_path, names):
    document = ask(guide, "/openapi.json")
    # A completion that can be judged.
    judged = ask(guide, "/v1/chat/completions", {"model": "test/echo", "messages": "Hi"})["choices"][0]["completion_id"]
    feedback = document["paths"]["/api/v1/feedback"]["post"]["requestBody"]["content"]["application/json"]
    feedback["example"]["completion_id"] = judged
    if names == "known":
        document = named(document)
        document["components"]["schemas"]["FeedbackRequest"]["properties"]["completion_id"]["enum"] = [judged]
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    report = tmp_path / "report.har"
    tool = pathlib.Path(sys.executable).parent / "schemathesis"
    words = [
        tool, "run", path, "--url", guide.url, "--header", f"Authorization: Bearer {guide.key}",
        "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--max-examples", "40",
        "--seed", "1", "--generation-deterministic", "--workers", "1", "--no-color", "--request-timeout", "20",
        "--report", "har", "--report-har-path", report,
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 1000, done.stdout[-2000:]
    counts = answered(report, document)
    assert len(counts) == 14, counts
    for (method, path), count in counts.items():
        assert count >= (ANSWERED[names] if method == "POST" else 1), (method, path, counts)
