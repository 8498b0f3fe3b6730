import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["tests/**/*.test.ts"], pool: "threads", setupFiles: ["tests/websocket.ts"] } });
