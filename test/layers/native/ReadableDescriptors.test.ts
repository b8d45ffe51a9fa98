import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import * as Libc from "../../../src/layers/native/Libc.ts"
import * as UnixDatagram from "../../../src/layers/native/UnixDatagram.ts"
import { encode, everyPort, managementId } from "../../../src/services/linuxptp/ManagementMessage.ts"
import { listenAt, temporaryDirectory } from "../linuxptp/ScriptedPtp4l.ts"

describe.skipIf(process.platform !== "linux")("a descriptor that the event loop watches", () => {
  it.effect("wakes whoever watches it, also the next socket with the same number", () =>
    Effect.gen(function*() {
      for (let times = 0; times < 3; times++) {
        const heard = Effect.gen(function*() {
          const path = `${yield* temporaryDirectory}/s`
          const server = yield* listenAt(path)
          const { connect, receive, send, whenReadable } = yield* UnixDatagram.openAnswerable
          const received = yield* Deferred.make<Uint8Array>()
          const isWatched = yield* whenReadable(() => {
            const datagram = receive(Buffer.alloc(100))
            if (datagram !== undefined) Deferred.doneUnsafe(received, Effect.succeed(datagram))
          })
          assert.isTrue(isWatched)
          assert.isUndefined(connect(path))
          assert.isTrue(send(question))
          for (const asked of server.questions()) server.send(asked, Uint8Array.from([7, 8, 9]))
          return yield* Deferred.await(received)
        })
        assert.deepStrictEqual([...yield* Effect.scoped(heard)], [7, 8, 9])
      }
    }).pipe(Effect.provide(Libc.layer)))
})

const question = encode({
  action: "GET",
  id: managementId.defaultDataSet,
  sequenceId: 1,
  domainNumber: 0,
  transportSpecific: 0,
  source: everyPort,
  target: everyPort,
  data: new Uint8Array()
})
