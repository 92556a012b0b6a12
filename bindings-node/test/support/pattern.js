// The patterns of the shared cases: what core/conformance/README.md says, in JavaScript.

const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The first place where `got` does not match `pattern`, in words; nothing where it does. */
export function mismatch(place, pattern, got) {
  if (typeof pattern === 'string' && pattern.startsWith('<') && pattern.endsWith('>')) {
    return matches(pattern, got) ? undefined : `${place}: expected ${pattern}, got ${show(got)}`;
  }
  if (Array.isArray(pattern)) {
    if (!Array.isArray(got) || got.length !== pattern.length) {
      return `${place}: expected ${pattern.length} items, got ${show(got)}`;
    }
    return first(pattern.map((item, index) => () => mismatch(`${place}[${index}]`, item, got[index])));
  }
  if (typeof pattern === 'object' && pattern !== null) {
    if (typeof got !== 'object' || got === null || Array.isArray(got)) {
      return `${place}: expected an object, got ${show(got)}`;
    }
    return first(
      Object.entries(pattern).map(([key, value]) => () => mismatch(`${place}.${key}`, value, got[key])),
    );
  }
  return pattern === got || (pattern === null && got === undefined)
    ? undefined
    : `${place}: expected ${show(pattern)}, got ${show(got)}`;
}

function first(checks) {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}

function matches(word, got) {
  if (word.startsWith('<contains:')) {
    return typeof got === 'string' && got.includes(word.slice('<contains:'.length, -1));
  }
  switch (word) {
    case '<any>':
      return true;
    case '<absent>':
      return got === undefined || got === null;
    case '<string>':
      return typeof got === 'string';
    case '<number>':
      return typeof got === 'number';
    case '<bool>':
      return typeof got === 'boolean';
    case '<uuid>':
      return typeof got === 'string' && UUID4.test(got);
    default:
      throw new Error(`no such pattern: ${word}`);
  }
}

function show(value) {
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}
