import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/system/**", "test/chaos/**", "test/cluster/**", "test/faults/**", "node_modules/**"],
    setupFiles: ["./test/setup.ts"],
    pool: "forks",
    // How long a test may hang, not how fast it has to be: machines that run this are busy.
    testTimeout: 30_000
  }
})
