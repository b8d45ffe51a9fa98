/**
 * Finds out when nothing is on its way between the sockets of this process, so that virtual time may advance.
 * Everything is on loopback and in one process: a byte is sent through the kernel behind all others, and when it comes
 * back, the others were delivered. No real time is waited for.
 */
import { once } from "node:events"
import { type AddressInfo, connect, createServer } from "node:net"

/** Rounds without any work, one after the other, after which nothing can come any more. */
const quietRounds = 3
/** What one moment may take. */
const mostRounds = 50_000

export interface Fence {
  /** Completes when everything that was sent before is delivered. */
  readonly pass: () => Promise<void>
  readonly close: () => void
}

/** One connection from this process to itself. */
export const makeFence = async (): Promise<Fence> => {
  const server = createServer((socket) => socket.setNoDelay().pipe(socket))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port }: AddressInfo = addressOf(server.address())
  const socket = connect(port, "127.0.0.1").setNoDelay()
  await once(socket, "connect")
  return {
    pass: () =>
      new Promise((resolve) => {
        socket.once("data", () => resolve())
        socket.write("x")
      }),
    close: () => {
      socket.destroy()
      server.close()
    }
  }
}

export const addressOf = (address: AddressInfo | string | null): AddressInfo => {
  if (address === null || typeof address === "string") throw new Error("not listening on a port")
  return address
}

export interface QuietOptions {
  readonly fence: Fence
  /** Runs what fibers have to do; false when there was nothing. */
  readonly drain: () => boolean
  /** Grows with every byte, request and connection that is seen. */
  readonly activity: () => number
  /** Somebody owes an answer, or bytes are not sent yet. */
  readonly isBusy: () => boolean
  /** Another program has the port that is to be listened on: that is not this moment's doing. */
  readonly isHeldUp: () => boolean
  /** Somebody asks again and again without waiting: it would go on for ever. */
  readonly isHopeless: () => boolean
}

/** Lets everything happen that can happen without time. */
export const settle = async ({ activity, drain, fence, isBusy, isHeldUp, isHopeless }: QuietOptions): Promise<void> => {
  let quiet = 0
  for (let rounds = 0; quiet < quietRounds; rounds += isHeldUp() ? 0 : 1) {
    if (rounds > mostRounds || isHopeless()) throw new Error("it never gets quiet")
    const before = activity()
    const ran = drain()
    await fence.pass()
    quiet = ran || isBusy() || activity() !== before ? 0 : quiet + 1
  }
}
