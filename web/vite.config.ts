import { defineConfig } from "vite";

// The page of a service. It is asked for at "/", perhaps behind a proxy that adds to the path.
export default defineConfig({
  base: "./",
  build: {
    target: "es2023",
    outDir: "dist/page",
    assetsInlineLimit: 0, // nothing inline: the service's Content-Security-Policy forbids it
    modulePreload: { polyfill: false },
  },
});
