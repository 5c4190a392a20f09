import { expect, test } from 'vitest';
import { toInvalid } from './invalid';

test('a form that is not sent leads to its first wrong field', () => {
  document.body.innerHTML = '<form><input id="a"><input id="b" aria-invalid="true"><textarea id="c" aria-invalid="true"></textarea></form>';
  const form = document.querySelector('form');
  form?.addEventListener('submit', (event) => {
    event.preventDefault();
    toInvalid(event);
  });
  form?.dispatchEvent(new SubmitEvent('submit', { cancelable: true }));
  expect(document.activeElement?.id).toBe('b');
});
