import { afterEach, expect, test } from 'vitest';
import { detour, go, here, leftAt, resume } from './router.svelte';

const home = location.origin;

afterEach(() => {
  history.replaceState(null, '', '/');
});

// `//x` is another host to a browser, and so is `/\x`: an address that begins so never leads out of the page.
test.each(['//mechant.test', '//mechant.test/salon/1', '/\\mechant.test', '\\\\mechant.test', '/\\/mechant.test', '///mechant.test'])(
  '%s stays here, gone to at once or after a detour',
  (elsewhere) => {
    go('/securite');
    go(elsewhere);
    expect(location.origin).toBe(home);
    expect(here()).toMatch(/^\/mechant\.test/);

    // Somebody opened the page by such an address, and does something on the way.
    detour('/securite');
    expect(here()).toBe('/securite');
    expect(leftAt()).toMatch(/^\/mechant\.test/);
    resume();
    expect(location.origin).toBe(home);
    expect(here()).toMatch(/^\/mechant\.test/);
    expect(leftAt()).toBeNull();
  },
);

test('a page that was opened by two slashes is left and found again', () => {
  history.replaceState(null, '', `${home}//mechant.test/salon`);
  detour('/securite');
  expect(here()).toBe('/securite');
  resume();
  expect(location.origin).toBe(home);
  expect(here()).toBe('/mechant.test/salon');
});
