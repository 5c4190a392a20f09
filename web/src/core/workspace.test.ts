import { expect, test } from 'vitest';
import type { Incoming } from './events';
import type { Session } from './types';
import { Workspace } from './workspace';

const CALL = { kind: 'call', room: 'bo@demo.localhost', meeting: 'm', state: 'rings', by: 'bo@demo.localhost', name: 'Bo' } as Extract<Incoming, { kind: 'call' }>;

/** The workspace of Alice, whoever sits at it. */
function workspace(helper: string | null): Workspace {
  const session = { kind: 'account', address: 'alice@demo.localhost', name: 'Alice', helper } as unknown as Session;
  const nothing = {} as never;
  return new Workspace(session, nothing, nothing, nothing, () => 'id');
}

test('a call rings for whom it is for, and not for who acts in that name', () => {
  for (const [helper, rings] of [
    [null, 1],
    ['adele@demo.localhost', 0],
  ] as const) {
    const one = workspace(helper);
    one.handle(CALL);
    expect(one.ringing.value.length).toBe(rings);
  }
});
