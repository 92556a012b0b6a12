// Signals. One listener on each, however many calls it ends: many listeners make Node warn of a leak.

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

/** Why a signal was aborted; signals older than `reason` get the one that an abort without a reason has. */
export function reasonOf(signal) {
  const { reason } = signal;
  return reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
}

/** Whether this is a signal: by its shape, as it may come from another realm. */
export function isSignal(signal) {
  return (
    typeof signal === 'object' &&
    typeof signal.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function'
  );
}
