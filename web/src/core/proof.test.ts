import { describe, expect, it } from 'vitest';
import { Problem } from './problem';
import { declined, provable, Prover } from './proof';

const refusal = (rule: string, needs?: 'second' | 'passkey') => new Problem({ status: 403, title: 'denied', detail: '', rule, ...(needs ? { needs } : {}) });

describe('a proof asked for in the middle of something', () => {
  it('is asked for refusals that a proof would lift, and for no other', () => {
    expect(provable(refusal('stale'))).toBe(true);
    expect(provable(refusal('label-second-factor', 'second'))).toBe(true);
    expect(provable(refusal('own-passkey', 'passkey'))).toBe(true);
    expect([declined(refusal('own-passkey', 'passkey')), declined(refusal('membership'))]).toEqual([true, false]);
    expect(provable(refusal('membership'))).toBe(false);
    expect(provable(new Problem({ status: 401, title: 'signed-out', detail: '' }))).toBe(false);
  });

  it('is asked once for all who wait, and answers them all', async () => {
    const prover = new Prover();
    const seen: (string | null)[] = [];
    prover.subscribe((asked) => seen.push(asked?.rule ?? null));
    const first = prover.ask(refusal('stale'));
    const second = prover.ask(refusal('label-second-factor', 'second'));
    prover.answer(true);
    expect(await Promise.all([first, second])).toEqual([true, true]);
    expect(seen).toEqual([null, 'stale', null]);
    const third = prover.ask(refusal('administration-factor', 'passkey'));
    expect(prover.value).toEqual({ rule: 'administration-factor', needs: 'passkey' });
    prover.answer(false);
    expect(await third).toBe(false);
  });

  it('is not asked for what was read of a place that was left meanwhile', async () => {
    const prover = new Prover();
    const before = prover.place;
    prover.moved();
    expect(await prover.ask(refusal('label-second-factor', 'second'), true, before)).toBe(false);
    expect(prover.value).toBeNull();
    void prover.ask(refusal('label-second-factor', 'second'), false, before); // their own act, wherever they are now
    expect(prover.value).toEqual({ rule: 'label-second-factor', needs: 'second' });
  });
});
