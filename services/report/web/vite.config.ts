import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// One page, its scripts and styles in files of their own: the server forbids inline ones.
// `MEDVIRK_REPORT=http://127.0.0.1:8080 npx vite` shows changes at once, with a report's figures.
const report = process.env.MEDVIRK_REPORT;

export default defineConfig({
  plugins: [svelte()],
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 800 },
  server: { proxy: report ? { "/v1": report } : {} },
});
