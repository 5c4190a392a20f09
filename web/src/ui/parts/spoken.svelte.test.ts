import { flushSync } from 'svelte';
import { expect, test, vi } from 'vitest';
import { Spoken } from './spoken.svelte';

test('the same words said twice are heard twice', () => {
  vi.useFakeTimers();
  const said = new Spoken();
  const heard: string[] = [];
  const stop = $effect.root(() => {
    $effect(() => void heard.push(said.text));
  });
  flushSync();
  for (let times = 0; times < 2; times += 1) {
    said.say('C’est enregistré.');
    flushSync();
    vi.runAllTimers();
    flushSync();
  }
  stop();
  vi.useRealTimers();
  expect(heard).toEqual(['', 'C’est enregistré.', '', 'C’est enregistré.']);
});
