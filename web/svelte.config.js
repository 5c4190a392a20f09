import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
  // Inaccessible markup does not build: every `a11y_*` warning of the compiler is an error.
  onwarn(warning, handler) {
    if (warning.code.startsWith('a11y')) {
      throw new Error(`${warning.filename}:${warning.start?.line}: ${warning.code}: ${warning.message}`);
    }
    handler(warning);
  },
};
