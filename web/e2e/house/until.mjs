// Conditions are awaited, never slept for: ask again until it holds, and say what was seen when it never does.

/**
 * @template T
 * @param {string} what the condition, for the message
 * @param {() => Promise<T> | T} ask gives a truthy value when it holds
 * @param {number} within milliseconds before giving up; a bound for a broken run, not a measure
 * @returns {Promise<T>}
 */
export async function until(what, ask, within = 30_000) {
  const end = performance.now() + within;
  let last;
  for (;;) {
    try {
      last = await ask();
      if (last) return last;
    } catch (cause) {
      last = cause;
    }
    if (performance.now() > end) throw new Error(`${what}: not after ${within / 1000} s; last seen: ${shown(last)}`);
    await new Promise((again) => setTimeout(again, 50)); // the pace of asking
  }
}

function shown(last) {
  return last instanceof Error ? last.message : JSON.stringify(last);
}
