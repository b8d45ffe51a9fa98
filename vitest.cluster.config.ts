import { defineConfig } from "vitest/config"

// A real etcd and kube-apiserver for each file, one file at a time: together they take a quarter of a GiB.
export default defineConfig({
  test: {
    include: ["test/cluster/**/*.test.ts"],
    globalSetup: ["./test/cluster/GlobalSetup.ts"],
    setupFiles: ["./test/setup.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000
  }
})
