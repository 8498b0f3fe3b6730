import { defineConfig } from "vite";

/** The page is built into the service, which serves it; the pose runtime and model it serves apart. */
export default defineConfig({
  base: "./",
  build: {
    outDir: "../../../service/page",
    emptyOutDir: true,
    target: "es2022",
    // One file each, named the same in every build, so that a change shows as a change of that file.
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name].js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
    modulePreload: { polyfill: false },
  },
  // The runtime loads its own files with importScripts, which module workers lack.
  worker: { format: "iife", rollupOptions: { output: { entryFileNames: "assets/pose_[name].js" } } },
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8000", ws: true } } },
});
