import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

// `npm run dev` serves the client alone and hands the server's own addresses to a running
// `beffroi`, so that the page and the API keep one origin as in production.
const server = process.env.BEFFROI_SERVER ?? 'http://127.0.0.1:8443';

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  define: { __VERSION__: JSON.stringify(version) },
  // Vitest runs in Node, where Svelte would otherwise resolve to its server build.
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  build: {
    target: 'es2023',
    // The Content-Security-Policy takes fonts and styles from files of this origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
  },
  server: {
    // The transcripts are shared with the server's tests.
    fs: { allow: ['.', '../transcripts'] },
    proxy: {
      // The Host stays the page's own: the server compares it with the Origin.
      '/api': { target: server, changeOrigin: false },
      '/.well-known': { target: server, changeOrigin: false },
      '/xmpp-websocket': { target: server, changeOrigin: false, ws: true },
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['tools/in-french.ts'],
  },
}));
