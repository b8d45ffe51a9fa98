import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import path from "node:path"
import * as FileLastKnownGood from "../../../src/layers/state/FileLastKnownGood.ts"
import { renderKnownGood } from "../../../src/layers/state/KnownGoodText.ts"
import { numbered, suite } from "./LastKnownGoodSuite.ts"
import { makeParent, newState, openState } from "./StateDirectory.ts"

const layer = Layer.unwrap(
  Effect.map(makeParent, (parent) => FileLastKnownGood.layer({ directory: `${parent}/lib/linuxptp-daemon` }))
).pipe(Layer.provide(NodeFileSystem.layer))

suite("in a directory", layer)

const text = (number: number) => renderKnownGood(numbered(number))

const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8)

/** A state in which 1 and then 2 was saved. */
const twice = Effect.tap(newState, ({ save }) => Effect.andThen(save(1), save(2)))

describe("the files of FileLastKnownGood", () => {
  it.effect("are this user's alone, the newest and the one before, and nothing else is there", () =>
    Effect.gen(function*() {
      const { file, previous, save } = yield* twice
      yield* save(3)
      const directory = path.dirname(file)
      assert.deepStrictEqual(readdirSync(directory).map((name) => path.join(directory, name)), [file, previous])
      assert.deepStrictEqual([directory, file, previous].map(modeOf), ["700", "600", "600"])
      assert.deepStrictEqual([file, previous].map((one) => readFileSync(one, "utf8")), [text(3), text(2)])
    }))

  it.effect("are not written again for what is there already", () =>
    Effect.gen(function*() {
      const { file, previous, save } = yield* twice
      const inodes = () => [file, previous].map((one) => statSync(one).ino)
      const before = inodes()
      yield* save(2)
      assert.deepStrictEqual(inodes(), before)
      rmSync(file)
      yield* save(2)
      assert.strictEqual(readFileSync(file, "utf8"), text(2))
    }))

  it.effect("are read by the next daemon, and nothing is said of a first start", () =>
    Effect.gen(function*() {
      const { file, load, save, takeWarnings } = yield* newState
      assert.strictEqual(yield* load, 0)
      assert.throws(() => statSync(path.dirname(file)))
      yield* save(1)
      const next = yield* openState(path.dirname(file))
      assert.strictEqual(yield* next.load, 1)
      assert.deepStrictEqual([...takeWarnings(), ...next.takeWarnings()], [])
    }))

  it.effect.each<readonly [when: string, left: string, expected: number]>([
    ["while the new one was written", "21", 2],
    ["before the new one was in any place", "213", 2],
    ["between the two renames", "-23", 2],
    ["before the first was in its place", "--1", 0]
  ])("give the version before after a crash %s, and take the next", ([, left, expected]) =>
    Effect.gen(function*() {
      const { file, load, previous, save, takeWarnings, unfinished } = yield* newState
      mkdirSync(path.dirname(file), { recursive: true })
      const names = [file, previous, unfinished]
      for (const [at, number] of [...left].entries()) {
        const name = names[at]
        if (name !== undefined && number !== "-") writeFileSync(name, text(Number(number)), { mode: 0o600 })
      }
      if (left.length < 3) writeFileSync(unfinished, text(3).slice(0, 100))
      assert.strictEqual(yield* load, expected)
      assert.deepStrictEqual(takeWarnings(), [])
      assert.isFalse(readdirSync(path.dirname(file)).includes(path.basename(unfinished)))
      yield* save(4)
      assert.strictEqual(yield* load, 4)
      rmSync(file)
      assert.strictEqual(yield* load, expected)
    }))
})

describe("a file that FileLastKnownGood can't read", () => {
  it.effect("of any length gives the version before, and nothing when there is none", () =>
    Effect.gen(function*() {
      const { file, load, previous, takeWarnings } = yield* twice
      const lengths = Array.from({ length: text(2).length }, (_, length) => length)
      for (const kept of [true, false]) {
        for (const length of lengths) {
          writeFileSync(file, text(2).slice(0, length))
          assert.strictEqual(yield* load, kept ? 1 : 0, `${length} bytes`)
        }
        assert.deepStrictEqual(
          new Set(takeWarnings()),
          new Set(["empty", "not JSON"].map(
            (what) => `last-known-good.json: it is ${what}`
          ))
        )
        rmSync(previous, { force: true })
      }
    }))

  it.effect("is told by its checksum when any one bit of it is another", () =>
    Effect.gen(function*() {
      const { file, load } = yield* twice
      const whole = readFileSync(file)
      for (const at of whole.keys()) {
        const damaged = Buffer.from(whole)
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
        writeFileSync(file, damaged)
        assert.strictEqual(yield* load, 1, `byte ${at}`)
      }
    }))

  it.effect.each<readonly [reason: string, content: string]>([
    ["it has no schemaVersion", "null"],
    ["it has no schemaVersion", "{}"],
    ["it is not JSON", "\0".repeat(4_096)],
    ["its schemaVersion is 2, not 1", text(2).replace("\"schemaVersion\":1", "\"schemaVersion\":2")],
    ["its schemaVersion is no number, not 1", `{"schemaVersion":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
    ["it has no knownGood", "{\"schemaVersion\":1}"],
    ["it can't be decoded: Missing key\n  at [\"node\"]", "{\"schemaVersion\":1,\"knownGood\":{}}"],
    ["its checksum is wrong", text(2).replace("-2 -s", "-2")],
    ["its checksum is wrong", text(2).replace("\"crc32\"", "\"crc\"")]
  ])("gives the version before and says why: %s", ([reason, content]) =>
    Effect.gen(function*() {
      const { file, load, takeWarnings } = yield* twice
      writeFileSync(file, content)
      assert.strictEqual(yield* load, 1)
      assert.deepStrictEqual(takeWarnings(), [`last-known-good.json: ${reason}`])
    }))

  it.effect("does not push out the good one before it", () =>
    Effect.gen(function*() {
      const { file, load, save } = yield* twice
      writeFileSync(file, "")
      yield* save(3)
      assert.strictEqual(yield* load, 3)
      renameSync(file, `${file}.moved`)
      assert.strictEqual(yield* load, 1)
    }))

  it.effect("says so of both files when both are unreadable", () =>
    Effect.gen(function*() {
      const { file, load, previous, takeWarnings } = yield* twice
      writeFileSync(file, "")
      writeFileSync(previous, "?")
      assert.strictEqual(yield* load, 0)
      assert.deepStrictEqual(takeWarnings(), [
        "last-known-good.json: it is empty",
        "last-known-good.json.previous: it is not JSON"
      ])
    }))
})
