import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/system/**", "test/chaos/**", "test/cluster/**", "test/faults/**", "node_modules/**"],
    setupFiles: ["./test/setup.ts"],
    pool: "forks",
    // Files share their processes: nothing that a test leaves behind may matter to another.
    isolate: false,
    // How long a test may hang, not how fast it has to be: the slowest takes 3 s on an idle machine.
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
