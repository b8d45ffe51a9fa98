import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, renameSync, writeFileSync } from "node:fs"
import * as SocketHolders from "../../../src/layers/linuxptp/SocketHolders.ts"
import { temporaryDirectory } from "./ScriptedPtp4l.ts"

/** Another file of the same name; the first lives on, as the socket of a program that still runs. */
const replace = (file: string) => {
  renameSync(file, `${file}.first`)
  writeFileSync(file, "")
}

describe("SocketHolders", () => {
  it.effect("knows nobody where nothing is, and does not remember what was never confirmed", () =>
    Effect.gen(function*() {
      const file = `${yield* temporaryDirectory}/s`
      const { look } = SocketHolders.make()
      assert.isUndefined(look(file))
      writeFileSync(file, "")
      assert.isDefined(look(file))
      replace(file)
      assert.isTrue(look(file)?.confirm())
      replace(file)
      assert.isUndefined(look(file))
    }))

  it.effect("remembers 256 paths at most, and forgets those whose directory is gone before any other", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const { look } = SocketHolders.make()
      const confirm = (name: string) => {
        mkdirSync(`${directory}/${name}`)
        writeFileSync(`${directory}/${name}/s`, "")
        assert.isTrue(look(`${directory}/${name}/s`)?.confirm())
      }
      const isKnown = (name: string) => look(`${directory}/${name}/s`) === undefined
      confirm("first")
      replace(`${directory}/first/s`)
      confirm("gone")
      renameSync(`${directory}/gone`, `${directory}/elsewhere`)
      for (let n = 0; n < 255; n++) confirm(`${n}`)
      assert.isTrue(isKnown("first"))
      confirm("one-more")
      assert.isFalse(isKnown("first"))
    }))
})
