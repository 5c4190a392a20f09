// How a conversation of 10,000 messages scrolls, measured in the real Chromium and printed as JSON, a line
// per pass: npm run build, cargo build --release, then node web/tools/scroll.mjs [MESSAGES]
// BEFFROI_BIN names the program. Never an assertion: docs/performance.md has the numbers.
import { openBrowser, Visitor } from '../e2e/house/browser.mjs';
import { fill } from '../e2e/house/seed.mjs';
import { House } from '../e2e/house/server.mjs';

const count = Number(process.argv[2] ?? 10_000);
const SPEED = 80; // px per frame: 4,800 px/s at 60 frames per second, five screens a second

const house = await House.open();
const browser = await openBrowser();
try {
  const bob = await Visitor.arrive(browser, house, 'bob');
  await bob.signIn();
  const begun = performance.now();
  await fill(bob, 'accueil@rooms.demo.localhost', count);
  console.log(JSON.stringify({ measure: 'seed', messages: count, seconds: round((performance.now() - begun) / 1000) }));
  await bob.leave();

  const alice = await Visitor.arrive(browser, house, 'alice');
  await alice.signIn();
  await alice.enter('Accueil');
  await alice.page.getByRole('region', { name: 'Conversation' }).getByRole('article').first().waitFor();
  const session = await alice.context.newCDPSession(alice.page);
  await session.send('Performance.enable');
  const state = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    const found = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
    return { heapMiB: round(found.JSHeapUsedSize / 1048576), nodes: found.Nodes, scriptS: found.ScriptDuration, layoutS: found.LayoutDuration + found.RecalcStyleDuration };
  };
  // Twice each way: the first time the pages come from the server, the second everything is held.
  for (const [pass, direction] of [['up, loading', -1], ['down', 1], ['up, held', -1], ['down again', 1]]) {
    const before = await state();
    const run = await alice.page.evaluate(scroll, { direction, speed: SPEED });
    const after = await state();
    const deltas = run.deltas.sort((a, b) => a - b);
    const at = (q) => round(deltas[Math.min(deltas.length - 1, Math.floor(deltas.length * q))]);
    const seconds = deltas.reduce((sum, one) => sum + one, 0) / 1000;
    console.log(
      JSON.stringify({
        measure: 'scroll', pass, messages: count, frames: deltas.length, seconds: round(seconds), per_second: round(deltas.length / seconds),
        p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), worst_ms: at(1), over_25_ms: deltas.filter((one) => one > 25).length, over_50_ms: deltas.filter((one) => one > 50).length,
        waited_frames: run.waited, most_elements: run.most, most_rows: run.rows, heap_mib: [before.heapMiB, after.heapMiB], nodes: [before.nodes, after.nodes],
        script_ms_per_frame: round(((after.scriptS - before.scriptS) * 1000) / deltas.length), layout_ms_per_frame: round(((after.layoutS - before.layoutS) * 1000) / deltas.length),
      }),
    );
  }
} finally {
  await browser.close();
  await house.close();
}

/** In the page: moves a bit at each frame until the end in that direction, and notes how far apart frames are. */
function scroll({ direction, speed }) {
  const log = document.querySelector('section.log');
  const seen = { deltas: [], most: 0, rows: 0, waited: 0 };
  return new Promise((done) => {
    let [last, still, frame] = [0, 0, 0];
    const step = (now) => {
      if (last > 0) seen.deltas.push(now - last);
      last = now;
      frame += 1;
      if (frame % 20 === 0) {
        seen.most = Math.max(seen.most, document.getElementsByTagName('*').length);
        seen.rows = Math.max(seen.rows, log.querySelectorAll('li').length);
      }
      const before = log.scrollTop;
      log.scrollTop += direction * speed;
      still = Math.abs(log.scrollTop - before) < 1 ? still + 1 : 0;
      if (still > 0) seen.waited += 1;
      const there = direction < 0 ? log.querySelector('.start') !== null : document.querySelector('.down') === null;
      if (still > 30 && there) return done(seen);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}

function round(number) {
  return Math.round(number * 10) / 10;
}
