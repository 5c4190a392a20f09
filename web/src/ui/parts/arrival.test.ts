import { expect, test } from 'vitest';
import { focusIfLost } from './arrival';

test('the focus goes to the heading when it went with its button, and stays where it is otherwise', async () => {
  document.body.innerHTML = '<h2 tabindex="-1">Demandes</h2><button id="a"></button><button id="b"></button>';
  const [heading, gone, other] = [document.querySelector('h2'), document.getElementById('a'), document.getElementById('b')];
  other?.focus();
  await focusIfLost(heading);
  expect(document.activeElement).toBe(other);
  gone?.focus();
  gone?.remove();
  await focusIfLost(heading);
  expect(document.activeElement).toBe(heading);
});
