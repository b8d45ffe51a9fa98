import { defineConfig } from "vitest/config"

// The deterministic fault simulation: no real time in it, so how long it takes is the machine's business.
export default defineConfig({
  test: {
    include: ["test/chaos/**/*.test.ts"],
    setupFiles: ["./test/setup.ts"],
    pool: "forks",
    testTimeout: 600_000
  }
})
