/** Faults within a watch: events that should not arrive, and events that should but do not. */
import {
  beginStream,
  breakStream,
  closeExchange,
  endStream,
  type Exchange,
  sendEvent,
  sendLine,
  sendText
} from "./Exchange.ts"
import { type Fault, over, someStream, streams, takingRequests, toStream } from "./Fault.ts"
import type { World } from "./World.ts"

const halfLine = "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"ce"
const longerThanBelieved = 9 * 1024 * 1024
const bookmarkOf = (version: string) => ({
  kind: "Any",
  metadata: { resourceVersion: version, creationTimestamp: null }
})

const garbage = [
  "<html>",
  "{}",
  "null",
  "[]",
  "{\"type\":\"ADDED\"}",
  "{\"type\":\"DELETED\",\"object\":null}",
  "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":7}}}",
  "{\"type\":\"SURPRISE\",\"object\":{\"metadata\":{\"name\":\"cell\"}}}",
  "\u0000\uFFFD\u0001"
] as const

const isWatch = ({ verb }: Exchange) => verb === "watch"

const errorEvent = (code: number, reason: string): Fault => ({
  ...takingRequests(`a watch begins with ERROR ${code}`, (exchange) => {
    beginStream(exchange)
    sendEvent(exchange, "ERROR", { kind: "Status", status: "Failure", code, reason, message: reason })
    endStream(exchange)
  }, ({ verb }) => verb === "watch")
})

const errorInStream = (code: number, reason: string): Fault =>
  toStream(`ERROR ${code} in a watch`, (exchange) => {
    sendEvent(exchange, "ERROR", { kind: "Status", status: "Failure", code, reason, message: reason })
    endStream(exchange)
  })

/** How a connection on which something went wrong ends. */
const someEnd = (exchange: Exchange, { dice }: World) => {
  exchange.onLine = undefined
  dice.pick([
    () => exchange.front.reset(),
    () => closeExchange(exchange),
    () => endStream(exchange),
    () => {
      sendEvent(exchange, "ERROR", { kind: "Status", status: "Failure", code: 410, reason: "Expired" })
      endStream(exchange)
    }
  ])()
}

/** Lines of one watch go another way for a while; then its connection ends. */
const misleading = (kind: string, pass: (lines: ReadonlyArray<string>) => ReadonlyArray<string>): Fault => ({
  kind,
  start: (world) => {
    const victim = someStream(world)
    if (victim === undefined) return undefined
    const { dice, editLater, note } = world
    note(`FAULT ${kind}: ${victim.front.id} (${victim.resource})`)
    const lines: Array<string> = []
    victim.onLine = (line) => void lines.push(line)
    for (let left = dice.between(1, 4); left > 0; left--) editLater(dice.between(1, 500))
    return {
      lastsMillis: dice.between(1_000, 20_000),
      end: async () => {
        // In one piece: a part of it would be one of the losses that nobody survives.
        sendText(victim, pass(lines).map((line) => `${line}\n`).join(""))
        await world.rest()
        if (victim.front.isOpen()) someEnd(victim, world)
      },
      happened: () => lines.length > 0
    }
  }
})

export const streamFaults: ReadonlyArray<Fault> = [
  errorEvent(410, "Expired"),
  errorEvent(500, "InternalError"),
  errorEvent(429, "TooManyRequests"),
  errorInStream(410, "Expired"),
  errorInStream(500, "InternalError"),
  errorInStream(429, "TooManyRequests"),
  toStream("a watch ends in good order", endStream),
  toStream("a reset in the middle of a line", (exchange, { time }) => {
    sendText(exchange, halfLine)
    time.after(5, () => exchange.front.reset())
  }),
  toStream("half a line, and the end in good order", (exchange) => {
    sendText(exchange, halfLine)
    endStream(exchange)
  }),
  toStream("half a line, and a broken chunk", (exchange) => {
    sendText(exchange, halfLine)
    breakStream(exchange)
  }),
  toStream("a line that is too long", (exchange) => {
    for (let sent = 0; sent < longerThanBelieved; sent += 1024 * 1024) sendText(exchange, "x".repeat(1024 * 1024))
  }),
  toStream("a line that is no event", (exchange, { dice }) => sendLine(exchange, dice.pick([...garbage]))),
  takingRequests("each watch begins with a line that is no event", (exchange, { dice }) => {
    beginStream(exchange)
    sendLine(exchange, dice.pick([...garbage]))
    endStream(exchange)
  }, isWatch),
  toStream("a flood of bookmarks", (exchange, { dice, state }) => {
    const bookmark = JSON.stringify({ type: "BOOKMARK", object: bookmarkOf(String(state.version())) })
    sendText(exchange, `${bookmark}\n`.repeat(dice.between(500, 5_000)))
  }),
  takingRequests("each watch ends as it begins", (exchange) => {
    beginStream(exchange)
    endStream(exchange)
  }, isWatch),
  takingRequests("each watch ends after one bookmark", (exchange) => {
    beginStream(exchange)
    // One that lists can't be told that it was at a version.
    if (!exchange.isFull) sendEvent(exchange, "BOOKMARK", bookmarkOf(exchange.params.get("resourceVersion") ?? ""))
    endStream(exchange)
  }, isWatch),
  {
    kind: "events come twice",
    start: (world) => {
      const victims = streams(world)
      let doubled = 0
      world.note("FAULT events come twice")
      for (const exchange of victims) {
        exchange.onLine = (line) => {
          doubled += 1
          for (let times = world.dice.between(2, 3); times > 0; times--) sendLine(exchange, line)
        }
      }
      world.edit()
      world.edit()
      return {
        lastsMillis: world.dice.between(100, 100_000),
        end: () => {
          for (const exchange of victims) exchange.onLine = undefined
        },
        happened: () => doubled > 0
      }
    }
  },
  {
    kind: "what was said is said again, oldest first",
    start: async (world) => {
      world.edit()
      world.edit()
      await world.rest()
      const victim = world.dice.some(streams(world).filter(({ events }) => events.length > 0))
      if (victim === undefined) return undefined
      world.note(`FAULT ${victim.events.length} events of ${victim.resource} come again`)
      for (const line of victim.events) sendLine(victim, line)
      return over
    }
  },
  misleading("events are lost, then the connection ends", () => []),
  misleading(
    "events come in the wrong order, then the connection ends",
    // A bookmark before them would promise that they had come.
    (lines) => lines.filter((line) => !line.startsWith("{\"type\":\"BOOKMARK\"")).toReversed()
  )
]
