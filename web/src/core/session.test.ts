import { expect, test, vi } from 'vitest';
import { Problem } from './problem';
import { SessionKeeper, type SessionDoor } from './session';
import type { AccountSession } from './types';

const account = (facts: Partial<AccountSession>) => ({ kind: 'account', address: 'alice@demo.localhost', csrf: 'c', locked: false, charter: false, ...facts }) as AccountSession;

function keeper(door: Partial<SessionDoor>) {
  const csrf = vi.fn();
  return { csrf, keeper: new SessionKeeper(door as SessionDoor, csrf) };
}

test('a locked session shows nothing of itself, then asks for the charter, then opens', async () => {
  const { keeper: session, csrf } = keeper({
    session: () => Promise.resolve(account({ locked: true, charter: true })),
    unlock: () => Promise.resolve(account({ charter: true, csrf: 'other' })),
    acceptCharter: () => Promise.resolve(),
  });
  await session.open();
  expect(session.value.status).toBe('locked');
  expect(csrf).toHaveBeenLastCalledWith('c');
  await session.unlock('418295');
  expect(session.value.status).toBe('charter');
  expect(csrf).toHaveBeenLastCalledWith('other');
  session.accept(account({}));
  expect(session.value.status).toBe('signed-in');
});

test('a wrong PIN is said, the tenth ends it here', async () => {
  const wrong = new Problem({ status: 401, title: 'wrong-pin', detail: '', left: 1 });
  const wiped = new Problem({ status: 401, title: 'wiped', detail: '' });
  const unlock = vi.fn().mockRejectedValueOnce(wrong).mockRejectedValueOnce(wiped);
  const { keeper: session, csrf } = keeper({ unlock });
  session.accept(account({ locked: true }));
  await expect(session.unlock('1')).rejects.toMatchObject({ left: 1 });
  expect(session.value.status).toBe('locked');
  await session.unlock('2');
  expect(session.value).toEqual({ status: 'signed-out', ended: false, wiped: true });
  expect(csrf).toHaveBeenLastCalledWith(null);
});

test('a session that ended while it was locked is over', async () => {
  const { keeper: session } = keeper({ session: () => Promise.reject(new Problem({ status: 401, title: 'signed-out', detail: '' })) });
  session.accept(account({ locked: true }));
  await session.check();
  expect(session.value).toEqual({ status: 'signed-out', ended: true });
});

test('a page that locks while nobody answers is covered, and no open session uncovers it', async () => {
  let answers = false;
  let locked = false;
  const lock = vi.fn(() => {
    locked = true;
    return Promise.resolve();
  });
  const { keeper: session } = keeper({
    session: () => (answers ? Promise.resolve(account({ locked })) : Promise.reject(Problem.unreachable())),
    lock,
    unlock: () => Promise.resolve(account({ csrf: 'other' })),
  });
  session.accept(account({}));
  await session.lock();
  expect(session.value).toMatchObject({ status: 'locked', covered: 'unreachable' });
  expect(lock).not.toHaveBeenCalled();
  // Another part of the page heard of the session meanwhile, as it was: that opens nothing.
  session.accept(account({ csrf: 'renewed' }));
  expect(session.value).toMatchObject({ status: 'locked', covered: 'asking' });
  // The server is back and had not noticed: it is told first.
  answers = true;
  await session.check();
  expect(lock).toHaveBeenCalledOnce();
  expect(session.value.status).toBe('locked');
  expect(session.value).not.toHaveProperty('covered');
  await session.unlock('418295');
  expect(session.value.status).toBe('signed-in');
});

test('what is on the screen goes before the server has answered, and a session that ended meanwhile is over', async () => {
  let answer: (reason: Problem) => void = () => {};
  const { keeper: session } = keeper({ session: () => new Promise((_, refuse) => (answer = refuse)) });
  session.accept(account({}));
  const locking = session.lock();
  expect(session.value).toMatchObject({ status: 'locked', covered: 'asking' });
  answer(new Problem({ status: 401, title: 'signed-out', detail: '' }));
  await locking;
  expect(session.value).toEqual({ status: 'signed-out', ended: true });
  session.accept(account({}));
  expect(session.value.status).toBe('signed-in');
});

test('a session that the server locked a moment before the page did is locked, and the server is not out of reach', async () => {
  let locked = false;
  const { keeper: session } = keeper({
    session: () => Promise.resolve(account({ locked })),
    lock: () => {
      locked = true;
      return Promise.reject(new Problem({ status: 423, title: 'locked', detail: '' }));
    },
  });
  session.accept(account({}));
  await session.lock();
  expect(session.value.status).toBe('locked');
  expect(session.value).not.toHaveProperty('covered');
});
