#!/usr/bin/env python3
"""Builds snapshot.json.gz, the model catalogue that is embedded in the library. Run by hand:

    python3 core/src/catalogue/build.py

It takes facts (ids, limits, abilities, list prices) from two MIT-licensed packages of PyPI, both
installed into a temporary folder: `genai-prices` (prices by date and time of day) and the model table
inside the `litellm` wheel (limits and abilities). Prices come from the first, where it knows the model.

The file holds pairs of a host, as `presets.json` names it, and a list of its entries:
    m  the host's own id          a  other names for it, lower case
    c  context window in tokens   o  most tokens of an answer
    f  abilities, a letter each (FLAGS): lower case has it, upper case has it not
    w  1: made by the company whose host this is
    p  prices, the last that applies counts: {s: first day since 1970, h: [from, to] minutes of the UTC
       day, t: tier of service, then US dollars per million tokens: i input, o output, r cache read,
       w cache write, l cache write kept for an hour, ia and oa audio in and out, ra cached audio,
       q per thousand requests, x: [[prompt tokens over which, {..}]]}
"""

import argparse
import datetime
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE / "snapshot.json.gz"

# In the order in which a bare id is looked for: the makers that are asked most first.
# Host -> provider id in genai-prices, `litellm_provider` words, prefixes of litellm's keys.
HOSTS = {
    "openai": ("openai", ["openai"], ["openai/", ""]),
    "anthropic": ("anthropic", ["anthropic"], [""]),
    "gemini": ("google", ["gemini"], ["gemini/"]),
    "vertex": ("google", ["vertex_ai*"], ["vertex_ai/", ""]),
    "azure": ("azure", ["azure"], ["azure/"]),
    "bedrock": ("aws", ["bedrock", "bedrock_converse"], [""]),
    "cohere": ("cohere", ["cohere", "cohere_chat"], [""]),
    "mistral": ("mistral", ["mistral"], ["mistral/"]),
    "groq": ("groq", ["groq"], ["groq/"]),
    "deepseek": ("deepseek", ["deepseek"], ["deepseek/", ""]),
    "xai": ("x-ai", ["xai"], ["xai/"]),
    "together": ("together", ["together_ai"], ["together_ai/"]),
    "fireworks": ("fireworks", ["fireworks_ai"], ["fireworks_ai/accounts/"]),
    "openrouter": ("openrouter", ["openrouter"], ["openrouter/"]),
    "perplexity": ("perplexity", ["perplexity"], ["perplexity/"]),
    "cerebras": ("cerebras", ["cerebras"], ["cerebras/"]),
    "sambanova": (None, ["sambanova"], ["sambanova/"]),
    "deepinfra": (None, ["deepinfra"], ["deepinfra/"]),
    "hyperbolic": (None, ["hyperbolic"], ["hyperbolic/"]),
    "nebius": (None, ["nebius"], ["nebius/"]),
    "moonshot": ("moonshotai", ["moonshot"], ["moonshot/"]),
    "zai": ("zai", ["zai"], ["zai/"]),
    "dashscope": (None, ["dashscope"], ["dashscope/"]),
    "minimax": ("minimax", ["minimax"], ["minimax/"]),
}

# How the ids of a maker's own models begin at its own host. A bare id goes there.
MAKERS = {
    "openai": "", "anthropic": "claude", "gemini": "", "cohere": "",
    "mistral": r"(open-)?(mistral|mixtral|ministral|magistral|codestral|devstral|voxtral|pixtral|labs-)",
    "deepseek": "deepseek", "xai": "grok", "perplexity": "sonar", "moonshot": "(kimi|moonshot)",
    "zai": "glm", "dashscope": "(qwen|qwq|qvq)", "minimax": "minimax",
    "bedrock": r"amazon\.",
}

# Ids that hosts published and the sources list under other names only.
PUBLISHED = {
    "anthropic": [
        "claude-3-haiku-20240307", "claude-3-sonnet-20240229", "claude-3-opus-20240229",
        "claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022", "claude-3-5-haiku-20241022",
        "claude-3-7-sonnet-20250219", "claude-sonnet-4-20250514", "claude-opus-4-20250514",
        "claude-opus-4-1-20250805",
    ],
}

FLAGS = {
    "t": "supports_function_calling", "v": "supports_vision", "r": "supports_reasoning",
    "j": "supports_response_schema", "a": "supports_audio_input", "p": "supports_pdf_input",
    "s": "supports_sampling_params", "d": "supports_adaptive_thinking",
    "n": "supports_none_reasoning_effort", "i": "supports_minimal_reasoning_effort",
    "x": "supports_xhigh_reasoning_effort", "m": "supports_max_reasoning_effort",
}

GENAI_PRICES = {
    "input_mtok": "i", "output_mtok": "o", "cache_read_mtok": "r", "cache_write_mtok": "w",
    "cache_write_1h_mtok": "l", "input_audio_mtok": "ia", "output_audio_mtok": "oa",
    "cache_audio_read_mtok": "ra", "requests_kcount": "q",
}
LITELLM_PRICES = {
    "input_cost_per_token": "i", "output_cost_per_token": "o", "cache_read_input_token_cost": "r",
    "cache_creation_input_token_cost": "w", "cache_creation_input_token_cost_above_1hr": "l",
    "input_cost_per_audio_token": "ia", "output_cost_per_audio_token": "oa",
}
# Counted in units that a chat answer does not report: such a price would be wrong.
OTHER_UNITS = {"audio_hours", "input_audio_hours", "input_mchars", "input_text_messages_kcount",
               "output_image_mtok", "output_video_mtok", "input_document_kpages"}
TIERS = {"flex", "priority"}

DATE = re.compile(r"[-@](20\d{6}|20\d\d-\d\d-\d\d)$")
VENDOR = re.compile(r"^(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|google|openai|qwen|minimax|writer)\.")
# Not for chat. The second source says so itself; the first lists these too.
OTHER_USE = re.compile(
    r"embed|whisper|tts|realtime|moderation|transcri|dall-e|image|sora|veo|imagen|lyria|rerank|live|translat"
    r"|text-(ada|curie|davinci|babbage)|davinci|babbage|speech|voice|audio|ocr|clip|flux|bge|guard|wan"
)
REGION = re.compile(r"^(us|eu|apac|jp|au|global|us-gov|ca|uk|sa)\.")


def number(value):
    value = float(value)
    return int(value) if value == int(value) else float(f"{value:.10g}")


def stem(model):
    """What is left of an id without organisation, date and the words that only say how current it is."""
    name = model.lower().split("/")[-1]
    name = REGION.sub("", name)
    plain = VENDOR.sub("", name)
    # Bedrock ends its ids in a version of their packaging.
    name = re.sub(r"(-v\d+(:\d+)?|-\d+:\d+)$", "", plain) if plain != name else name
    name = DATE.sub("", name)
    return re.sub(r"(-latest|@default|@latest)$", "", name)


def tokens(model):
    return sorted(part for part in re.split(r"[-_.@ ]", stem(model)) if part)


def is_dated(name):
    return DATE.search(name) is not None or re.search(r"-\d{4}$", name) is not None


def spellings(name):
    """The same name with dots or dashes inside version numbers."""
    dotted = re.sub(r"(\d)-(\d)(?=$|[-@:])", r"\1.\2", name)
    return {name, dotted, re.sub(r"(\d)\.(\d)", r"\1-\2", name)}


def clause_texts(clause, kind):
    if hasattr(clause, "or_"):
        return [text for part in clause.or_ for text in clause_texts(part, kind)]
    text = getattr(clause, kind, None)
    return [text] if text else []


def is_id(host, name):
    """Whether a name that the first source knows can be this host's own id."""
    if OTHER_USE.search(name.lower()) or name.endswith(":batch"):
        return False
    if host == "bedrock":
        return VENDOR.match(REGION.sub("", name)) is not None
    if host == "openrouter":
        return "/" in name
    if host == "fireworks":
        return name.startswith("accounts/")
    # Google's two hosts share one list there; and what has a colon is a name of OpenRouter's.
    return host not in ("gemini", "vertex") and ":" not in name


def known(prices):
    """No price of nothing: the sources write 0 for what they do not know, too."""
    return prices and any(price.get("i") or price.get("o") for price in prices)


def genai_price(prices):
    """One price of genai-prices; None where it cannot be said in tokens."""
    given = {key: value for key, value in vars(prices).items() if value is not None}
    if not given or OTHER_UNITS & set(given):
        return None
    out, over = {}, {}
    for key, short in GENAI_PRICES.items():
        value = given.get(key)
        if value is None:
            continue
        if hasattr(value, "base"):
            out[short] = number(value.base)
            for tier in value.tiers:
                over.setdefault(tier.start, {})[short] = number(tier.price)
        else:
            out[short] = number(value)
    if over:
        out["x"] = [[start, over[start]] for start in sorted(over)]
    return out if "i" in out or "o" in out else None


def condition(constraint):
    if constraint is None:
        return {}
    if hasattr(constraint, "start_date"):
        return {"s": (constraint.start_date - datetime.date(1970, 1, 1)).days}
    minutes = lambda time: time.hour * 60 + time.minute
    return {"h": [minutes(constraint.start_time), minutes(constraint.end_time)]}


def genai_prices(model):
    """Every price of a model, by date, time of day and tier of service."""
    listed = model.prices if isinstance(model.prices, list) else None
    out = []
    for part in listed or [None]:
        price = genai_price(part.prices if part else model.prices)
        if price is None:
            return None
        out.append({**condition(part.constraint if part else None), **price})
    for variant in model.price_variants or []:
        tier = variant.when.get("service_tier")
        price = genai_price(variant.prices)
        if len(variant.when) == 1 and tier in TIERS and price:
            out.append({"t": tier, **condition(variant.constraint), **price})
    return out


def litellm_prices(row):
    price = {short: number(row[key] * 1e6) for key, short in LITELLM_PRICES.items()
             if isinstance(row.get(key), (int, float))}
    if "i" not in price:
        return None
    over = {}
    for key, value in row.items():
        match = re.fullmatch(r"(.+)_above_(\d+)k_tokens", key)
        if match and match[1] in LITELLM_PRICES and isinstance(value, (int, float)):
            over.setdefault(int(match[2]) * 1000, {})[LITELLM_PRICES[match[1]]] = number(value * 1e6)
    if over:
        price["x"] = [[start, over[start]] for start in sorted(over)]
    return [price]


def litellm_rows(table, words, prefixes):
    rows = {}
    for key, row in table.items():
        provider = str(row.get("litellm_provider"))
        if not any(provider == word or word.endswith("*") and provider.startswith(word[:-1]) for word in words):
            continue
        modes = ("chat", "responses") if words[0] in ("openai", "azure") else ("chat",)
        if row.get("mode") not in modes or key.startswith(("ft:", "together-ai-")):
            continue
        prefix = next((prefix for prefix in prefixes if key.startswith(prefix)), None)
        if prefix is None:
            continue
        model = key[len("fireworks_ai/"):] if prefix == "fireworks_ai/accounts/" else key[len(prefix):]
        # Regional price lists (`azure/eu/..`, `bedrock/us-east-1/..`) are not ids.
        if prefix in ("", "azure/") and "/" in model:
            continue
        if model == "container" or provider.startswith("bedrock") and "@" in model:
            continue
        rows.setdefault(model, row)
    return rows


def host_entries(host, table, providers):
    genai_id, words, prefixes = HOSTS[host]
    rows = litellm_rows(table, words, prefixes)
    models = next((p.models for p in providers if p.id == genai_id), [])
    if host in ("gemini", "vertex"):
        # One price list for both of Google's hosts; only what the host is known to serve counts.
        models = [model for model in models if any(model.is_match(known) for known in rows)]

    def price_model(name):
        return next((model for model in models if model.is_match(name.lower())), None)

    # Open weights of OpenAI's own, which its own host does not serve.
    models = [model for model in models if host != "openai" or "gpt-oss" not in model.id]
    ids = dict.fromkeys([*rows, *PUBLISHED.get(host, [])])
    names = {}  # other name -> price model
    for model in models:
        own = [known for known in ids if price_model(known) is model]
        exact = [model.id, *clause_texts(model.match, "equals")]
        for name in exact:
            if name in ids or name.lower() in (known.lower() for known in ids):
                continue
            if any(tokens(name) == tokens(known) for known in own) and not is_dated(name):
                names[name] = model
            elif is_id(host, name):
                ids[name] = None
        for name in clause_texts(model.match, "starts_with"):
            if not is_dated(name) and not re.search(r"[-@.]$|-20\d\d$", name):
                names[name] = model

    entries, disagreements = {}, []
    maker = MAKERS.get(host)
    for model_id in ids:
        row, model = rows.get(model_id) or {}, price_model(model_id)
        entry = {"m": model_id}
        context = row.get("max_input_tokens") or row.get("max_tokens")
        if model and model.context_window:
            context = model.context_window
        if isinstance(context, (int, float)) and context > 0:
            entry["c"] = int(context)
        most = row.get("max_output_tokens")
        if isinstance(most, (int, float)) and most > 0:
            entry["o"] = int(most)
        flags = "".join(letter if row[key] else letter.upper() for letter, key in FLAGS.items() if key in row)
        if flags:
            entry["f"] = flags
        if maker is not None and re.match(maker, model_id.lower()):
            entry["w"] = 1
        ours = genai_prices(model) if model else None
        theirs = litellm_prices(row) if row else None
        if ours and theirs and not any(price.get("i") == theirs[0]["i"] for price in ours):
            disagreements.append(f"{host}/{model_id}: {ours[-1].get('i')} and {theirs[0]['i']}")
        # The price list of Google in the first source is that of AI Studio.
        prices = theirs or ours if host == "vertex" else ours or theirs
        if known(prices) or prices and model_id.endswith(":free"):
            entry["p"] = prices
        entries[model_id] = entry

    add_names(host, entries, names, price_model)
    return sorted(entries.values(), key=lambda entry: entry["m"]), disagreements


def add_names(host, entries, names, price_model):
    """Gives each entry the other names that mean it and nothing else at this host."""
    # There, names are those that the user gave to deployments.
    if host == "azure":
        return
    taken = set(entries)
    candidates = {}
    for model_id in entries:
        if host == "bedrock" and REGION.match(model_id):
            continue
        short = stem(model_id)
        for name in spellings(short) | spellings(model_id.lower()) | {model_id.lower().split("/")[-1]}:
            candidates.setdefault(name, []).append(model_id)
        for name, model in names.items():
            if price_model(model_id) is model and tokens(name) == tokens(model_id):
                for spelling in spellings(name.lower()):
                    candidates.setdefault(spelling, []).append(model_id)
    for name, ids in candidates.items():
        if name in taken or host == "bedrock" and "-" not in name:
            continue
        # One plain word is too little to mean a model.
        if not re.search(r"[-\d]", name) and not any(model_id.endswith("-latest") for model_id in ids):
            continue
        ids = sorted(set(ids))
        # Several organisations' models of one name: no guess.
        if len({"/".join(model_id.lower().split("/")[:-1]) for model_id in ids}) > 1:
            continue
        if len({tuple(tokens(model_id)) for model_id in ids}) > 1:
            continue
        date = lambda model_id: (DATE.search(model_id) or [None, ""])[1].replace("-", "")
        plain = [model_id for model_id in ids if not is_dated(model_id) and not re.search(r"-v\d+(:\d+)?$", model_id)]
        latest = [model_id for model_id in plain if model_id.endswith("-latest")] or plain
        best = min(latest, key=len) if latest else max(ids, key=lambda model_id: (date(model_id) or re.sub(r".*-(\d{8})-v.*", r"\1", model_id), model_id))
        entries[best].setdefault("a", []).append(name)
    for entry in entries.values():
        if "a" in entry:
            entry["a"].sort()


def build(wheel, versions):
    from genai_prices.data import providers

    with zipfile.ZipFile(wheel) as archive:
        table = json.loads(archive.read("litellm/model_prices_and_context_window_backup.json"))
    table.pop("sample_spec", None)
    hosts, disagreements = {}, []
    for host in HOSTS:
        hosts[host], more = host_entries(host, table, providers)
        disagreements += more
    snapshot = {"date": datetime.date.today().isoformat(), "sources": versions, "hosts": list(hosts.items())}
    text = json.dumps(snapshot, separators=(",", ":"), ensure_ascii=False)
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    for host, entries in hosts.items():
        priced = sum("p" in entry for entry in entries)
        print(f"{host:12} {len(entries):5} models, {priced:5} with a price")
    print(f"prices differ between the sources for {len(disagreements)} models, for example:")
    for line in disagreements[:10]:
        print("  ", line)
    print(f"{TARGET.name}: {len(text)} bytes, {TARGET.stat().st_size} compressed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", help=argparse.SUPPRESS)
    parser.add_argument("--versions", type=json.loads, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.wheel:
        return build(args.wheel, args.versions)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        python = folder / "venv" / "bin" / "python"
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "genai-prices"], check=True)
        subprocess.run([*pip, "download", "--quiet", "--no-deps", "--dest", folder, "litellm"], check=True)
        wheel = next(folder.glob("litellm-*.whl"))
        show = subprocess.run([*pip, "show", "genai-prices"], check=True, capture_output=True, text=True)
        versions = {
            "genai-prices": re.search(r"^Version: (.+)$", show.stdout, re.M)[1],
            "litellm": wheel.name.split("-")[1],
        }
        subprocess.run([python, __file__, "--wheel", wheel, "--versions", json.dumps(versions)], check=True)


if __name__ == "__main__":
    main()
