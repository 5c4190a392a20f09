import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Who may know whom: `core` runs without a browser, `wire` without a screen, and only `media` knows WebRTC. */
const noBrowser = ['document', 'window', 'localStorage', 'sessionStorage', 'navigator', 'fetch', 'WebSocket', 'RTCPeerConnection'];
const noMedia = ['RTCPeerConnection', 'MediaStream'];
/** And passkeys are asked for in one place. */
const noPasskeys = { selector: "MemberExpression[object.name='navigator'][property.name='credentials']", message: 'wire/passkey.ts is the only user of navigator.credentials' };
const forbid = (names, message) => ['error', ...names.map((name) => ({ name, message }))];

export default ts.config(
  { ignores: ['dist/', 'generated/', 'node_modules/', 'e2e/', 'test-results/'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
    rules: { 'no-undef': 'off' },
  },
  {
    rules: {
      'no-console': 'error',
      eqeqeq: 'error',
      'svelte/no-at-html-tags': 'error',
      'svelte/no-navigation-without-resolve': 'off', // for SvelteKit, which is not here
      // Plain maps are built and thrown away inside one derivation; reactive ones would only cost.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    files: ['tools/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['src/core/**'],
    rules: {
      'no-restricted-globals': forbid(noBrowser, 'core/ runs without a browser'),
      'no-restricted-imports': ['error', { patterns: ['svelte', 'svelte/*', '**/ui/**', '**/words/**', '**/media/**'] }],
    },
  },
  {
    files: ['src/wire/**', 'src/ui/**'],
    rules: { 'no-restricted-globals': forbid(noMedia, 'media/ is the only user of WebRTC') },
  },
  {
    files: ['src/**'],
    ignores: ['src/wire/passkey.ts'],
    rules: { 'no-restricted-syntax': ['error', noPasskeys] },
  },
  {
    files: ['src/wire/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: ['svelte', 'svelte/*', '**/ui/**', '**/words/**'] }] },
  },
);
