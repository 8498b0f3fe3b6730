import { defineConfig } from "vitest/config";

/** Comes at once on an idle machine; on a busy one only what is broken takes longer than this. */
const SOON_MS = 60_000;
const patience = { testTimeout: SOON_MS, hookTimeout: SOON_MS, expect: { poll: { timeout: SOON_MS } } };

export default defineConfig({ test: { ...patience, include: ["tests/**/*.test.ts"], pool: "threads" } });
