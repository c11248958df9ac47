import { defineConfig } from "vite";

// The parts of a page that stands alone, which `glassnet export` puts into one file:
//     vite build -c vite.standalone.config.ts --mode network
//     vite build -c vite.standalone.config.ts --mode page
// Each is one script that needs no other, so that the page works from a file.
export default defineConfig(({ mode }) => ({
  build: {
    target: "es2023",
    outDir: "dist/standalone",
    emptyOutDir: mode === "network",
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: {
      input: `src/standalone/${mode}.ts`,
      output: { format: "iife", entryFileNames: `${mode}.js`, assetFileNames: `${mode}[extname]` },
    },
  },
}));
