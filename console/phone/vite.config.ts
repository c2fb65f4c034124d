import { defineConfig, type UserConfig } from 'vite';

/** Relative paths: the built page works in any folder of any web server. */
const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  base: './',
  logLevel: 'warn',
  build: {
    outDir: '../../dist/phone',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Nearly all of it is JsSIP's grammar.
    chunkSizeWarningLimit: 1000,
  },
});

export default config;
