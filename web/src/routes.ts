import type { Route } from './ui/router.svelte';

/** Every page: a line each. What is not the first screen is loaded when someone goes there. */
export const routes: readonly Route[] = [
  { path: '/bienvenue/:token', who: 'anyone', load: () => import('./ui/door/Welcome.svelte') },
  { path: '/invite/:token', who: 'anyone', load: () => import('./ui/door/Guest.svelte') },
  { path: '/securite', who: 'account', load: () => import('./ui/security/Security.svelte') },
  { path: '/administration', who: 'account', load: () => import('./ui/administration/Administration.svelte') },
  { path: '/administration/:tab', who: 'account', load: () => import('./ui/administration/Administration.svelte') },
];
