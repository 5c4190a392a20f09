import { expect, test } from 'vitest';
import { ThisDevice, type DeviceDoor } from './device';
import { Problem } from './problem';
import type { AccountSession, Device } from './types';

const session = (device: AccountSession['device']): AccountSession => ({
  kind: 'account',
  address: 'alice@mairie.test',
  name: 'Alice',
  role: 'agent',
  factor: 'password',
  proved_us: 0,
  identified_us: 0,
  device,
  locked: false,
  locks_us: null,
  lock_minutes: 15,
  screen: 'desk',
  pin: false,
  charter: false,
  helper: null,
  helped_by: null,
  operates: false,
  tenant: { domain: 'mairie.test', name: 'Mairie', accent: '#1f4f8f' },
  csrf: 'before',
  idle_ends_us: 0,
  absolute_ends_us: 0,
  now_us: 0,
});
const carried = session({ id: 'd1', name: 'Portable', managed: true });

/** A browser with its keys, and a server that answers a proof with `answer`. */
function browser(answer: () => Promise<AccountSession>) {
  const held = new Map([['alice@mairie.test', { device: 'd1', key: 'k' }]]);
  const said: string[] = [];
  const clock = { now: 1_000_000_000 };
  const door: DeviceDoor = {
    askDevice: () => Promise.resolve({ challenge: 'c', expires_us: 0 }),
    answerDevice: (device, challenge, signature) => {
      said.push([device, challenge, signature].join(' '));
      return answer();
    },
    enrolDevice: (code, name, key, signature) => {
      said.push([code, name, key, signature].join(' '));
      return Promise.resolve({ id: 'd2' } as Device);
    },
  };
  const device = new ThisDevice(
    door,
    {
      held: (address) => Promise.resolve(held.get(address) ?? null),
      make: () => Promise.resolve({ key: 'new', shared: 'public' }),
      keep: ({ address, device, key }) => Promise.resolve(void held.set(address, { device, key })),
      forget: (address) => Promise.resolve(void held.delete(address)),
      signEnrolment: (key, domain, code) => Promise.resolve(`${key}/${domain}/${code}`),
      signProof: ({ device, key }, domain, challenge) => Promise.resolve(`${key}/${domain}/${device}/${challenge}`),
    },
    (token) => said.push(`csrf ${token}`),
    () => clock.now,
  );
  return { device, held, said, clock };
}

test('a session is recognised with the key of its person, and only then', async () => {
  const { device, said, held } = browser(() => Promise.resolve(carried));
  expect(await device.recognise(session(null))).toBe(carried);
  expect(said).toEqual(['csrf before', 'd1 c k/mairie.test/d1/c']);
  expect(await device.recognise(carried)).toBe(carried);
  held.clear();
  const other = session(null);
  expect(await device.recognise(other)).toBe(other);
  expect(said.length).toBe(2);
});

test('the proof is renewed before its hour is over, and not each time', async () => {
  const { device, clock } = browser(() => Promise.resolve(carried));
  expect(await device.renew(carried)).toBe(carried);
  expect(await device.renew(carried)).toBeNull();
  clock.now += 20 * 60_000;
  expect(await device.renew(carried)).toBe(carried);
  expect(await device.renew(session(null))).toBeNull();
});

test('a key that the server takes no more is forgotten; one that could not be tried is kept', async () => {
  for (const [status, title, rule, kept] of [
    [403, 'denied', 'device-lost', false],
    [403, 'denied', 'device-expired', false],
    [403, 'denied', 'another-rule', true],
    [404, 'not-found', '', true],
    [0, 'unreachable', '', true],
    [503, 'busy', '', true],
  ] as const) {
    const { device, held } = browser(() => Promise.reject(new Problem({ status, title, detail: '', rule })));
    const before = session(null);
    expect(await device.recognise(before)).toBe(before);
    expect(held.size === 1, `${title} ${rule}`).toBe(kept);
  }
});

test('enrolling keeps the key under the id that the server gave', async () => {
  const { device, held, said } = browser(() => Promise.resolve(carried));
  await device.enrol({ code: '7K2M-QX4T-9BDF', address: 'bob@mairie.test', tenant: { domain: 'mairie.test' } }, 'Poste');
  expect(said).toEqual(['7K2M-QX4T-9BDF Poste public new/mairie.test/7K2M-QX4T-9BDF']);
  expect(held.get('bob@mairie.test')).toEqual({ device: 'd2', key: 'new' });
});
