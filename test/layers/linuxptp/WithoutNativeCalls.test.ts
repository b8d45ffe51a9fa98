import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option } from "effect"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import os from "node:os"
import path from "node:path"
import { removeDeadClientSockets } from "../../../src/layers/linuxptp/ClientSockets.ts"
import * as ManagementSocketClient from "../../../src/layers/linuxptp/ManagementSocketClient.ts"
import { ManagementClient } from "../../../src/services/linuxptp/ManagementClient.ts"
import { withoutNativeCalls } from "../native/WithoutNativeCalls.ts"

describe("without native calls", () => {
  it.effect("nobody is asked, and that is said once and by isAvailable", () => {
    const lines: Array<string> = []
    const logs = Logger.layer([
      Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
    ])
    return Effect.gen(function*() {
      const { ask, isAvailable } = yield* ManagementClient
      assert.isFalse(isAvailable)
      const socket = { path: "/nowhere/ptp4l.socket", domainNumber: 0, transportSpecific: 0 }
      for (let n = 0; n < 3; n++) assert.deepStrictEqual(yield* ask(socket), Option.none())
      assert.deepStrictEqual(lines, [
        "Warn cannot ask ptp4l on its management socket; its log alone says how it is"
      ])
    }).pipe(Effect.provide(Layer.provideMerge(ManagementSocketClient.layer, [withoutNativeCalls, logs])))
  })

  it.effect("no socket is removed, since nobody can tell whether it is held", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(path.join(os.tmpdir(), "lptpd-mgmt-"))),
        (name) => Effect.sync(() => rmSync(name, { recursive: true }))
      )
      yield* Effect.callback<void>((resume) => {
        const server = createServer().listen(`${directory}/pmc.1`, () => resume(Effect.void))
        return Effect.sync(() => server.close())
      })
      yield* removeDeadClientSockets({ directory })
      assert.deepStrictEqual(readdirSync(directory), ["pmc.1"])
    }).pipe(Effect.provide(withoutNativeCalls)))
})
