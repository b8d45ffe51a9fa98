/** What goes wrong with streaming lists (`sendInitialEvents`), which a client asks for when the history is gone. */
import { answerStatus, type Exchange, sendLine } from "./Exchange.ts"
import { type Fault, takingRequests } from "./Fault.ts"
import type { World } from "./World.ts"

const isStreamList = ({ isFull, verb }: Exchange) => isFull && verb === "watch"
/** Every watch that resumes gets 410, and lists. */
const forget = { prepare: ({ state }: World) => state.forgetHistory() }

const isEndOfList = (line: string) => line.includes("k8s.io/initial-events-end")

export const streamListFaults: ReadonlyArray<Fault> = [
  takingRequests(
    "streaming lists are refused, as by an old server",
    (exchange) => answerStatus(exchange, 422, "Invalid"),
    isStreamList,
    forget
  ),
  takingRequests(
    "streaming lists are taken for plain watches, as by an older one",
    (exchange, { proxy }) => {
      const url = new URL(exchange.target, "http://api")
      url.searchParams.delete("sendInitialEvents")
      url.searchParams.delete("resourceVersionMatch")
      exchange.target = `${url.pathname}${url.search}`
      proxy.backend.forward(exchange)
    },
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
  takingRequests(
    "a streaming list pauses before its end",
    (exchange, { dice, proxy, time }) => {
      const waiting: Array<string> = []
      let isWaiting = false
      exchange.onLine = (line) => {
        if (isWaiting) return void waiting.push(line)
        if (!isEndOfList(line)) return sendLine(exchange, line)
        isWaiting = true
        waiting.push(line)
        time.after(dice.between(1, 25_000), () => {
          exchange.onLine = undefined
          for (const late of waiting) sendLine(exchange, late)
        })
      }
      proxy.backend.forward(exchange)
    },
    isStreamList,
    forget
  )
]
