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
# What exists here: with these the requests get past the look-up of names.
NAMES = {
    "slug": ["greet", "acme/shop/welcome"],
    "workspace": ["acme"],
    "project": ["shop"],
    "prompt": ["welcome", "greet"],
    "environment": ["production"],
}
MODELS = ["test/echo", "fast", "prompt/greet", "prompt/acme/shop/welcome@production"]


def named(document):
    """The document with names that exist, and without the fields that choose more of them."""
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in NAMES:
                    parameter["schema"]["enum"] = NAMES[parameter["name"]]
    for name in ["ChatRequest", "PromptRequest", "ProjectPromptRequest"]:
        fields = document["components"]["schemas"][name]["properties"]
        fields["model"] = {"type": "string", "enum": MODELS if name == "ChatRequest" else MODELS[:2]}
        fields["variables"] = {"type": "object", "properties": {"customer": {"type": "string"}}, "required": ["customer"]}
        for other in ["project", "ab_campaign", "variant", "version", "environment", "tools", "template"]:
            fields.pop(other)
    return document


@pytest.mark.parametrize("names", ["any", "known"])
def test_fuzzed_requests(guide, tmp_path, names):
    with urllib.request.urlopen(f"{guide.url}/openapi.json") as answer:
        document = json.load(answer)
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document if names == "any" else named(document)))
    tool = pathlib.Path(sys.executable).parent / "schemathesis"
    words = [
        tool, "run", path, "--url", guide.url, "--header", f"Authorization: Bearer {guide.key}",
        "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing", "--max-examples", "40",
        "--seed", "1", "--generation-deterministic", "--workers", "1", "--no-color", "--request-timeout", "20",
    ]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 1000, done.stdout[-2000:]
