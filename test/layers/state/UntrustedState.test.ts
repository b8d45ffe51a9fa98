/** What FileLastKnownGood makes of files that others could have written, and of disks that are full, sealed or dead. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync
} from "node:fs"
import path from "node:path"
import { makeSmallDisk, noSmallDisk } from "./SmallDisk.ts"
import { makeParent, newState, openState } from "./StateDirectory.ts"

const twice = Effect.tap(newState, ({ save }) => Effect.andThen(save(1), save(2)))
const isRoot = process.getuid?.() === 0

describe("a file that is not to be believed", () => {
  it.effect.each<readonly [reason: string, spoil: (file: string) => void]>([
    ["others may write it (mode 620)", (file) => chmodSync(file, 0o620)],
    ["others may write it (mode 602)", (file) => chmodSync(file, 0o602)],
    ["it is a symbolic link", (file) => {
      renameSync(file, `${file}.moved`)
      symlinkSync(`${file}.moved`, file)
    }],
    ["it is not a file", (file) => {
      rmSync(file)
      execFileSync("mkfifo", [file])
    }],
    ["it has 16777217 bytes, more than 16777216", (file) => truncateSync(file, 16 * 1024 * 1024 + 1)],
    ...(isRoot
      ? [["it belongs to uid 1234, not to 0", (file: string) => chownSync(file, 1234, 0)] as const]
      : [])
  ])("is not read, and is replaced by the next save: %s", ([reason, spoil]) =>
    Effect.gen(function*() {
      const { file, load, save, takeWarnings } = yield* twice
      spoil(file)
      assert.strictEqual(yield* load, 1)
      assert.deepStrictEqual(takeWarnings(), [`last-known-good.json: ${reason}`])
      yield* save(2)
      assert.strictEqual(yield* load, 2)
      assert.deepStrictEqual(takeWarnings(), [])
    }))
})

describe("a directory that can't be used", () => {
  it.effect.each<readonly [directory: string, detail: string]>([
    ["/proc/linuxptp/state", "ENOENT: no such file or directory, mkdir '/proc/linuxptp'"],
    ["/dev/null", "ENOTDIR: not a directory, lstat '/dev/null/last-known-good.json.unfinished'"]
  ])("fails the save and says why: %s", ([directory, detail]) =>
    Effect.gen(function*() {
      const { file, load, save } = yield* openState(directory)
      assert.strictEqual(yield* load, 0)
      const error = yield* Effect.flip(save(1))
      assert.strictEqual(error.message, `cannot keep the last configuration that worked in ${file}: ${detail}`)
    }))

  it.effect("fails the save where the file's name is taken by a directory", () =>
    Effect.gen(function*() {
      const { file, load, save, takeWarnings } = yield* twice
      rmSync(file)
      mkdirSync(`${file}/full`, { recursive: true })
      assert.include((yield* Effect.flip(save(3))).message, "EISDIR")
      assert.strictEqual(yield* load, 1)
      assert.deepStrictEqual(takeWarnings(), ["last-known-good.json: it is not a file"])
    }))
})

describe.skipIf(noSmallDisk !== undefined)(`a real disk${noSmallDisk === undefined ? "" : `: ${noSmallDisk}`}`, () => {
  it.effect("that is full fails the save, keeps both versions, and takes the next when there is room", () =>
    Effect.gen(function*() {
      const disk = yield* makeSmallDisk
      const { file, load, previous, save } = yield* openState(`${disk.path}/state`)
      yield* Effect.andThen(save(1), save(2))
      yield* disk.fill
      for (let attempt = 0; attempt < 3; attempt++) {
        assert.include((yield* Effect.flip(save(3))).message, "ENOSPC: no space left on device")
        assert.strictEqual(yield* load, 2)
        assert.deepStrictEqual(readdirSync(path.dirname(file)), [file, previous].map((one) => path.basename(one)))
      }
      yield* disk.empty
      yield* save(3)
      assert.strictEqual(yield* load, 3)
    }))

  it.effect("that became read-only fails the save and is read on", () =>
    Effect.gen(function*() {
      const disk = yield* makeSmallDisk
      const { load, save } = yield* openState(`${disk.path}/state`)
      yield* save(1)
      yield* disk.makeReadOnly
      assert.include((yield* Effect.flip(save(2))).message, "EROFS: read-only file system")
      assert.strictEqual(yield* load, 1)
      yield* save(1)
    }))
})

/** Node's four threads wait for FIFOs, as they would for a disk; `end` lets them go. */
const hangingDisk = Effect.gen(function*() {
  const parent = yield* makeParent
  const fifos = [1, 2, 3, 4].map((number) => `${parent}/fifo${number}`)
  execFileSync("mkfifo", fifos)
  for (const fifo of fifos) open(fifo, constants.O_RDONLY, (_, fd) => closeSync(fd))
  return { end: Effect.sync(() => fifos.forEach((fifo) => closeSync(openSync(fifo, "w")))) }
})

describe("a disk that hangs", () => {
  it.effect("holds up a load until it is back, and is read then", () =>
    Effect.gen(function*() {
      const { load, takeWarnings } = yield* twice
      const disk = yield* hangingDisk
      const loading = yield* Effect.forkChild(load, { startImmediately: true })
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(loading.pollUnsafe())
      yield* disk.end
      assert.strictEqual(yield* Fiber.join(loading), 2)
      assert.deepStrictEqual(takeWarnings(), [])
    }))

  it.effect("holds up a save for 30 s, which is written when it is back", () =>
    Effect.gen(function*() {
      const { load, save } = yield* twice
      const disk = yield* hangingDisk
      const saving = yield* Effect.forkChild(Effect.flip(save(3)), { startImmediately: true })
      yield* TestClock.adjust("30 seconds")
      assert.include((yield* Fiber.join(saving)).message, "the disk gave no answer in 30 seconds")
      yield* disk.end
      assert.strictEqual(yield* load, 3)
    }))

  it.effect("holds up no interruption of a save, and what had begun is done whole", () =>
    Effect.gen(function*() {
      const { load, save } = yield* twice
      const disk = yield* hangingDisk
      const saves = yield* Effect.forEach(
        [3, 4],
        (number) => Effect.forkChild(save(number), { startImmediately: true })
      )
      yield* Fiber.interruptAll(saves)
      yield* disk.end
      assert.strictEqual(yield* load, 3)
    }))

  it.effect("leaves the event loop free", () =>
    Effect.gen(function*() {
      const { save } = yield* newState
      const disk = yield* hangingDisk
      const saving = yield* Effect.forkChild(save(1), { startImmediately: true })
      yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
      assert.isUndefined(saving.pollUnsafe())
      yield* disk.end
      yield* Fiber.join(saving)
    }))
})
