import { defineConfig } from "vitest/config"

// The Kubernetes client among faults: real sockets on loopback, virtual time. How long it takes is the machine's business.
export default defineConfig({
  test: {
    include: ["test/faults/**/*.test.ts"],
    setupFiles: ["./test/setup.ts"],
    pool: "forks",
    testTimeout: 1_800_000
  }
})
