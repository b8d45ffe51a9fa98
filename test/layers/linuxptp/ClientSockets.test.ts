import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { removeDeadClientSockets } from "../../../src/layers/linuxptp/ClientSockets.ts"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { listenAt, temporaryDirectory } from "./ScriptedPtp4l.ts"

/** A bound socket that nobody holds any more. */
const leaveAt = (path: string) => Effect.scoped(listenAt(path))

const listenOnStream = (path: string) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer().listen(path, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )

describe.skipIf(process.platform !== "linux")("removeDeadClientSockets", () => {
  it.effect("removes the sockets of clients that are gone, in every spelling of theirs", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const names = ["phc2sys.12", "phc2sys.12.0", "ts2phc.7", "pmc.4194304", "pmc.1.15"]
      yield* Effect.forEach(names, (name) => leaveAt(`${directory}/${name}`), { discard: true })
      yield* removeDeadClientSockets({ directory })
      assert.deepStrictEqual(readdirSync(directory), [])
    }).pipe(Effect.provide(Libc.layer)))

  it.effect("leaves what is held, no client's by its name, or no datagram socket", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      yield* listenAt(`${directory}/phc2sys.1`)
      yield* listenOnStream(`${directory}/pmc.2`)
      writeFileSync(`${directory}/pmc.3`, "")
      const others = ["ptp4l", "pmc", "pmc.x", "pmc.1.2.3", "xpmc.1", "pmc.1x", "chronyd.1"]
      yield* Effect.forEach(others, (name) => leaveAt(`${directory}/${name}`), { discard: true })
      symlinkSync(`${directory}/ptp4l`, `${directory}/pmc.4`)
      const before = readdirSync(directory)
      yield* removeDeadClientSockets({ directory })
      assert.deepStrictEqual(readdirSync(directory), before)
    }).pipe(Effect.provide(Libc.layer)))

  it.effect("does nothing without the directory", () =>
    Effect.gen(function*() {
      const directory = `${yield* temporaryDirectory}/none`
      yield* removeDeadClientSockets({ directory })
      assert.isFalse(existsSync(directory))
    }).pipe(Effect.provide(Libc.layer)))
})
