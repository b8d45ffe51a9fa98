import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createServer, type Server } from "node:net"
import { requireFree } from "../../../../src/programs/cli/demo/FreePorts.ts"

/** A port that is taken while the scope is open. */
const taken = Effect.map(
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer()
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  ),
  (server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }
)

describe("requireFree", () => {
  it.effect("says which port is taken, and what it would be for", () =>
    Effect.gen(function*() {
      const port = yield* taken
      const error = yield* Effect.flip(requireFree([{ port: 0, use: "a" }, { port, use: "the metrics of worker-1" }]))
      assert.strictEqual(
        error.message,
        `cannot listen on 127.0.0.1:${port} for the metrics of worker-1: listen EADDRINUSE: address already in use ` +
          `127.0.0.1:${port}; is another demo running? Try --port`
      )
    }).pipe(Effect.scoped))

  it.effect("leaves a free port free", () =>
    Effect.gen(function*() {
      const port = yield* Effect.scoped(taken)
      yield* requireFree([{ port, use: "a" }])
      yield* requireFree([{ port, use: "a" }])
    }))
})
