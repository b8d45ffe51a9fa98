/** What becomes of the files on a disk that reports its errors at the close, and on one that gives a read in parts. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, PlatformError } from "effect"
import { readdirSync } from "node:fs"
import path from "node:path"
import { makeParent, openState } from "./StateDirectory.ts"

/** Node's file system with another `open`. */
const withOpen = (change: (fs: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>) =>
  Layer.effect(FileSystem.FileSystem)(
    FileSystem.FileSystem.use((fs) => Effect.succeed({ ...fs, ...change(fs) }))
  ).pipe(Layer.provide(NodeFileSystem.layer))

const error = (file: string) =>
  PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method: "open",
    pathOrDescriptor: file,
    cause: new Error("EIO: i/o error, close")
  })

/** Its close(2) of the files that `isBroken` names fails, which Effect's FileSystem turns into a defect. */
const failsAtClose = (isBroken: (file: string) => boolean) =>
  withOpen((fs) => ({
    open: (file, options) =>
      Effect.tap(
        fs.open(file, options),
        () => Effect.addFinalizer(() => isBroken(file) ? Effect.die(error(file)) : Effect.void)
      )
  }))

describe("a disk that reports its errors at the close", () => {
  it.effect.each<readonly [what: string, isBroken: (file: string) => boolean]>([
    ["new file", (file) => file.endsWith(".unfinished")],
    ["directory", (file) => !file.includes("last-known-good")]
  ])("fails the save, says why and leaves nothing unfinished: %s", ([, isBroken]) =>
    Effect.gen(function*() {
      const directory = `${yield* makeParent}/state`
      yield* (yield* openState(directory)).save(1)
      const { file, load, save } = yield* openState(directory, failsAtClose(isBroken))
      assert.strictEqual(
        (yield* Effect.flip(save(2))).message,
        `cannot keep the last configuration that worked in ${file}: EIO: i/o error, close`
      )
      assert.notInclude(readdirSync(directory), `${path.basename(file)}.unfinished`)
      assert.include([1, 2], yield* load)
    }))

  it.effect("gives the version before, and takes the next", () =>
    Effect.gen(function*() {
      const directory = `${yield* makeParent}/state`
      const first = yield* openState(directory)
      yield* Effect.andThen(first.save(1), first.save(2))
      const disk = failsAtClose((file) => file.endsWith(".json"))
      const { load, save, takeWarnings } = yield* openState(directory, disk)
      assert.strictEqual(yield* load, 1)
      assert.deepStrictEqual(takeWarnings(), ["last-known-good.json: EIO: i/o error, close"])
      yield* save(3)
      assert.strictEqual(yield* first.load, 3)
    }))
})

/** It gives 100 bytes a read at most, as read(2) may. */
const readsInParts = withOpen((fs) => ({
  open: (file, options) =>
    Effect.map(fs.open(file, options), (opened) => {
      const readAlloc = opened.readAlloc.bind(opened)
      return Object.assign(opened, { readAlloc: (size: number) => readAlloc(Math.min(size, 100)) })
    })
}))

describe("a disk that gives a read in parts", () => {
  it.effect("has what was saved, with nothing to warn of", () =>
    Effect.gen(function*() {
      const directory = `${yield* makeParent}/state`
      const { load, save, takeWarnings } = yield* openState(directory, readsInParts)
      yield* Effect.andThen(save(1), save(2))
      assert.strictEqual(yield* load, 2)
      assert.deepStrictEqual(takeWarnings(), [])
    }))
})
