import { expect, test } from 'vitest';
import { Problem } from '../core/problem';
import { Http } from './http';

function answering(response: Response | Error) {
  const asked: { url: string; init: RequestInit }[] = [];
  const http = new Http('/api', (url, init) => {
    asked.push({ url: String(url), init: init ?? {} });
    return response instanceof Error ? Promise.reject(response) : Promise.resolve(response);
  });
  return { http, asked };
}
const problem = (status: number, body: object) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/problem+json' } });
const caught = async (promise: Promise<unknown>) => Problem.from(await promise.then(() => null, (cause: unknown) => cause));

test('a change carries the CSRF token, a question does not', async () => {
  const { http, asked } = answering(new Response(null, { status: 204 }));
  http.csrf = 'secret';
  await http.delete('/session');
  await http.get('/rooms').catch(() => {});
  expect(asked.map(({ init }) => new Headers(init.headers).get('X-CSRF-Token'))).toEqual(['secret', null]);
});

test('a problem keeps its rule and its wait', async () => {
  const { http } = answering(problem(429, { title: 'wait', detail: 'Trop d’essais.', wait_s: 8 }));
  expect(await caught(http.get('/x'))).toMatchObject({ status: 429, title: 'wait', waitS: 8, rule: null });
});

test('signed out is told once to the house', async () => {
  const { http } = answering(problem(401, { title: 'signed-out', detail: '' }));
  let told = 0;
  http.onSignedOut = () => (told += 1);
  await caught(http.get('/rooms'));
  expect(told).toBe(1);
});

test('no answer is `unreachable`; a proxy’s page is `internal`', async () => {
  expect(await caught(answering(new Error('refused')).http.get('/x'))).toMatchObject({ title: 'unreachable', status: 0 });
  expect(await caught(answering(new Response('<h1>Bad gateway</h1>', { status: 502 })).http.get('/x'))).toMatchObject({ title: 'internal', status: 502 });
});
