/** Faults of streaming lists (`sendInitialEvents`), which a client asks for when the history is gone. */
import { answerStatus, type Exchange, sendLine } from "./Exchange.ts"
import { type Fault, takingRequests } from "./Fault.ts"
import type { Rule } from "./Proxy.ts"
import type { World } from "./World.ts"

const isStreamList = ({ isFull, verb }: Exchange) => isFull && verb === "watch"
/** Every watch that resumes gets 410, and lists. */
const forget = { prepare: ({ state }: World) => state.forgetHistory() }

/** Longer than the client's back-off takes to ask for a list (WatchPolicy), and shorter than an outage worth the name. */
const outageMillis = 15_000

const isEndOfList = (line: string) => line.includes("k8s.io/initial-events-end")

/** A list stands still before one of its objects or before its end, and everything after that is late too. */
const slow = (exchange: Exchange, { dice, proxy, time }: World) => {
  const waiting: Array<string> = []
  let left = dice.between(0, 3)
  exchange.onLine = (line) => {
    if (waiting.length === 0 && left > 0 && !isEndOfList(line)) {
      left -= 1
      return sendLine(exchange, line)
    }
    waiting.push(line)
    if (waiting.length > 1) return
    time.after(dice.between(1, 25_000), () => {
      exchange.onLine = undefined
      for (const late of waiting) sendLine(exchange, late)
    })
  }
  proxy.backend.forward(exchange)
}

const slowLists: Fault = {
  kind: "streaming lists after an outage are slow",
  start: async (world) => {
    const { advance, cluster, dice, edit, note, proxy } = world
    let slowed = 0
    const rule: Rule = (exchange) => {
      if (!isStreamList(exchange)) return undefined
      slowed += 1
      return (taken) => slow(taken, world)
    }
    note("FAULT an outage, then streaming lists are slow")
    proxy.rules.push(rule)
    proxy.welcome = "reset"
    for (const front of proxy.fronts) front.reset()
    await advance(outageMillis)
    cluster.remove(dice.pick(["cell", "radio", "elsewhere"]))
    edit()
    proxy.welcome = "serve"
    return {
      lastsMillis: dice.between(1_000, 60_000),
      end: () => void proxy.rules.splice(proxy.rules.indexOf(rule), 1),
      happened: () => slowed > 0
    }
  }
}

export const streamListFaults: ReadonlyArray<Fault> = [
  takingRequests(
    "streaming lists are refused, as by an old server",
    (exchange) => answerStatus(exchange, 422, "Invalid"),
    isStreamList,
    forget
  ),
  takingRequests(
    "a streaming list breaks off",
    (exchange, { dice, proxy }) => {
      let left = dice.between(0, 2)
      exchange.onLine = (line) => {
        if (left === 0 || isEndOfList(line)) return exchange.front.reset()
        left -= 1
        sendLine(exchange, line)
      }
      proxy.backend.forward(exchange)
    },
    isStreamList,
    forget
  ),
  takingRequests(
    "a streaming list stops before its end, and the connection ends later",
    (exchange, { dice, proxy, time }) => {
      exchange.onLine = (line) => {
        // Whatever came after that would promise that the list was whole.
        if (isEndOfList(line)) exchange.onLine = () => {}
        else sendLine(exchange, line)
      }
      time.after(dice.between(1, 40_000), exchange.front.reset)
      proxy.backend.forward(exchange)
    },
    isStreamList,
    forget
  ),
  slowLists
]
