/** Advances virtual time, but only while nothing is on its way between the sockets. */
import type { VirtualTime } from "../simulation/VirtualTime.ts"
import { type QuietOptions, settle } from "./Quiet.ts"

export interface Driver {
  /** Everything happens that can happen without time. */
  readonly rest: () => Promise<void>
  /** For something from outside, which takes no virtual time. */
  readonly resting: <A>(promise: Promise<A>) => Promise<A>
  /** From timer to timer, and a rest at each; true when it ended because `isOver` came true. */
  readonly advance: (millis: number, isOver?: () => boolean) => Promise<boolean>
}

export const makeDriver = (time: VirtualTime, quiet: Omit<QuietOptions, "drain">): Driver => {
  const rest = () => settle({ ...quiet, drain: time.drain })
  return {
    rest,
    resting: async (promise) => {
      const answered = { isOver: false }
      const end = () => {
        answered.isOver = true
      }
      promise.then(end, end)
      while (!answered.isOver) await rest()
      return promise
    },
    advance: async (millis, isOver = () => false) => {
      const end = time.now() + millis
      await rest()
      while (!isOver()) {
        const next = Math.min(time.nextAt() ?? end, end)
        time.advance(next - time.now())
        await rest()
        if (next >= end) return isOver()
      }
      return true
    }
  }
}
