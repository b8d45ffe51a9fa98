/**
 * The output from the proxy to one client: bytes are sent at once, wait, are lost, or are sent in pieces of any size.
 */
import type { VirtualTime } from "../simulation/VirtualTime.ts"

/** What becomes of bytes: `hold` as TCP does until a path is back, `vanish` as behind a lost connection. */
export type Passage = "pass" | "hold" | "vanish"

/** How the next piece goes. */
export interface Piece {
  readonly size: number
  /** 0: as a packet of its own, but without any time. */
  readonly delayMillis: number
}

export interface Outlet {
  passage: Passage
  /** Undefined: bytes go as they come. */
  drip: (() => Piece) | undefined
  readonly write: (bytes: Buffer) => void
  /** Runs a task when everything that was written before is sent. */
  readonly afterwards: (task: () => void) => void
  /** What was held goes on. */
  readonly release: () => void
  /** A piece is to be sent without any time. */
  readonly isBusy: () => boolean
}

type Item = Buffer | (() => void)

export const makeOutlet = (send: (bytes: Buffer) => void, time: VirtualTime): Outlet => {
  const queue: Array<Item> = []
  let isPumping = false
  let isWaitingForTime = false

  const pump = () => {
    isPumping = true
    while (true) {
      if (outlet.passage === "vanish") queue.length = 0
      const item = queue.shift()
      if (item === undefined || outlet.passage === "hold") {
        if (item !== undefined) queue.unshift(item)
        isPumping = false
        return
      }
      if (typeof item === "function") item()
      else if (outlet.drip === undefined) send(item)
      else return sendPiece(item, outlet.drip())
    }
  }
  const sendPiece = (item: Buffer, { delayMillis, size }: Piece) => {
    send(item.subarray(0, size))
    if (size < item.length) queue.unshift(item.subarray(size))
    if (delayMillis === 0) {
      setImmediate(pump)
      return
    }
    isWaitingForTime = true
    time.after(delayMillis, () => {
      isWaitingForTime = false
      pump()
    })
  }
  const add = (item: Item) => {
    if (outlet.passage === "vanish") return
    queue.push(item)
    if (!isPumping) pump()
  }
  const outlet: Outlet = {
    passage: "pass",
    drip: undefined,
    write: add,
    afterwards: add,
    release: () => {
      outlet.passage = "pass"
      if (!isPumping) pump()
    },
    isBusy: () => isPumping && !isWaitingForTime
  }
  return outlet
}
