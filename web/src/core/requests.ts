import type { Request } from './types';

/**
 * Whether what was approved may be done now, by who asked for it. An export begins at its first part and is the same
 * session's until its time is over: a page that was loaded again, or cut off, takes it up where it can.
 */
export function mayUse(one: Pick<Request, 'own' | 'act' | 'right_until_us' | 'used_us'>, now_us: number): boolean {
  const lasts = one.own && one.right_until_us !== null && one.right_until_us > now_us;
  return lasts && (one.used_us === null || one.act === 'export');
}
