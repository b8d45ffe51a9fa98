/**
 * Finds out whether the demo can have all its ports, before it shows or starts anything: a demo that ends in the middle
 * because of the port of its third node is worse than one that does not begin.
 */
import { Effect, Schema } from "effect"
import { createServer } from "node:net"
import { innermostDetail } from "../../../layers/observability/PortTaken.ts"

/** The demo cannot listen on a port. */
export class DemoPortTaken extends Schema.TaggedError<DemoPortTaken>()("DemoPortTaken", {
  port: Schema.Int,
  use: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const detail = innermostDetail(this.cause).replace(/^Error: /, "")
    return `cannot listen on 127.0.0.1:${this.port} for ${this.use}: ${detail}; is another demo running? Try --port`
  }
}

/** A port, and what it is for. */
export interface NeededPort {
  readonly port: number
  readonly use: string
}

/** Fails with the first port that is taken. Port 0 is any free one. */
export const requireFree = (ports: ReadonlyArray<NeededPort>): Effect.Effect<void, DemoPortTaken> =>
  Effect.forEach(ports, tryPort, { discard: true })

const tryPort = ({ port, use }: NeededPort): Effect.Effect<void, DemoPortTaken> =>
  Effect.callback((resume) => {
    const server = createServer()
    server.once("error", (cause) => resume(Effect.fail(new DemoPortTaken({ port, use, cause }))))
    server.listen({ port, host: "127.0.0.1" }, () => server.close(() => resume(Effect.void)))
  })
