// One listener on each signal, however many calls it ends: many listeners make Node warn of a leak.

const heard = new WeakMap();

/** Has `abort` called when the signal is aborted; gives what takes that back. */
export function listen(signal, abort) {
  let aborts = heard.get(signal);
  if (aborts === undefined) {
    aborts = { all: new Set(), ring: () => [...aborts.all].forEach((each) => each()) };
    heard.set(signal, aborts);
  }
  if (aborts.all.size === 0) signal.addEventListener('abort', aborts.ring, { once: true });
  aborts.all.add(abort);
  return () => {
    if (aborts.all.delete(abort) && aborts.all.size === 0) signal.removeEventListener('abort', aborts.ring);
  };
}
