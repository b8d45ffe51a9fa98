import { defineConfig } from "vitest/config"

// Real linuxptp in network namespaces: one file at a time, because the machine has one clock.
export default defineConfig({
  test: {
    include: ["test/system/**/*.test.ts"],
    setupFiles: ["./test/setup.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000
  }
})
