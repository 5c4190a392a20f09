import { expect, test } from 'vitest';
import { draftOf, dropDraft, keepDraft } from './administering';

test('what was typed waits for whoever typed it, until it is saved or closed', () => {
  const draft = { factor: 'passkey', networks: '192.0.2.0/24' } as const;
  keepDraft('otto@demo.localhost', draft);
  expect(draftOf('otto@demo.localhost')).toEqual(draft);
  expect(draftOf('claire@demo.localhost')).toBeNull();
  dropDraft();
  expect(draftOf('otto@demo.localhost')).toBeNull();
});
