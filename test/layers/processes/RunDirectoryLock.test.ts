import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { TestClock } from "effect/testing"
import { mkdirSync, renameSync, rmSync } from "node:fs"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { lockFile } from "../../../src/layers/processes/FileLock.ts"
import { holdRunDirectory } from "../../../src/layers/processes/RunDirectoryLock.ts"

describe("a run directory that is held", () => {
  it.effect("is made anew and locked again when it was removed or replaced", () =>
    Effect.gen(function*() {
      const parent = yield* FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped())
      const directory = `${parent}/run`
      yield* Effect.provide(holdRunDirectory(directory, ""), Libc.layer)
      const libc = yield* Effect.provide(Libc.calls, Libc.layer)
      for (const harm of [() => {}, () => mkdirSync(directory)]) {
        renameSync(directory, `${parent}/old`)
        harm()
        yield* TestClock.adjust("10 seconds")
        const taken = lockFile(libc, directory)
        assert.strictEqual("holder" in taken && taken.holder.who, `pid ${process.pid}`)
        rmSync(`${parent}/old`, { recursive: true })
      }
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
