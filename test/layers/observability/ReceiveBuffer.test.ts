/** What arrives at a server at once, on loopback. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer, type Server, Socket } from "node:net"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { boundReceiveBuffer } from "../../../src/layers/observability/ReceiveBuffer.ts"
import { withoutNativeCalls } from "../native/WithoutNativeCalls.ts"

/** Bytes of the first read from a client that has sent what its kernel takes of 1 MiB. */
const firstRead = (bound: (server: Server) => void) =>
  Effect.callback<number>((resume) => {
    const client = new Socket().on("error", () => {})
    const server = createServer({ pauseOnConnect: true }, (accepted) => {
      accepted.once("data", (bytes) => {
        accepted.destroy()
        server.close(() => resume(Effect.succeed(bytes.length)))
      })
      const send = () => {
        client.write(Buffer.alloc(1024 * 1024))
        accepted.resume()
      }
      if (client.connecting) client.once("connect", send)
      else send()
    })
    server.listen(0, "127.0.0.1", () => {
      bound(server)
      const address = server.address()
      client.connect(typeof address === "object" ? address?.port ?? 0 : 0, "127.0.0.1")
    })
  })

describe.skipIf(process.platform !== "linux")("the receive buffer of a server", () => {
  it.effect("holds 16 KiB at most, so that a flood is not read 64 KiB at a time", () =>
    Effect.gen(function*() {
      assert.isAbove(yield* firstRead(() => {}), 16_384)
      const length = yield* firstRead(yield* boundReceiveBuffer)
      assert.isAtMost(length, 16_384)
      // A request may have 4 KiB.
      assert.isAtLeast(length, 4096)
    }).pipe(Effect.provide(Libc.layer)))

  it.effect("is the kernel's own without native calls", () =>
    Effect.gen(function*() {
      assert.isAbove(yield* firstRead(yield* boundReceiveBuffer), 16_384)
    }).pipe(Effect.provide(withoutNativeCalls)))
})
