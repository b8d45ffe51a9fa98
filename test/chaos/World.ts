/** One simulated node with its daemon, and everything that a fault can change. */
import type { Child } from "../simulation/Child.ts"
import { type Children, makeChildren } from "../simulation/Children.ts"
import { type Dice, makeDice } from "../simulation/Dice.ts"
import { makeTrace, type Trace } from "../simulation/Trace.ts"
import { makeVirtualTime, type VirtualTime } from "../simulation/VirtualTime.ts"
import { type Cluster, makeCluster } from "./Cluster.ts"
import { type Host, makeHost } from "./Host.ts"
import { makeJudge } from "./Judge.ts"
import { makeNodeDaemon, type NodeDaemon } from "./NodeDaemon.ts"
import { witnessOf } from "./Witness.ts"

/** How many scenarios have their fibers in an order that is drawn. */
const shareOfDrawnOrders = 0.4

export interface WorldOptions {
  /** The wall clock's jumps are left out, and nothing else. */
  readonly withoutJumps?: boolean
}

export interface World extends NodeDaemon, Pick<Trace, "breach" | "note"> {
  readonly dice: Dice
  readonly time: VirtualTime
  readonly trace: Trace
  /** Kinds of faults that came true. */
  readonly happened: Array<string>
  readonly cluster: Cluster
  readonly host: Host
  readonly children: Children
  readonly living: (isOne?: (child: Child) => boolean) => ReadonlyArray<Child>
  /** Something that the world does by itself after a while, or at once when it is put right. */
  readonly later: (millis: number, task: () => void) => void
  readonly finishPending: () => void
  readonly withoutJumps: boolean
}

export const makeWorld = (seed: number, { withoutJumps = false }: WorldOptions): World => {
  // Each part draws from dice of its own, so that one more draw of a fault does not change what children do.
  const dice = makeDice(seed)
  const time = makeVirtualTime(dice.chance(shareOfDrawnOrders) ? makeDice(seed ^ 0x165667b1) : undefined)
  const trace = makeTrace(time.now)
  const happened: Array<string> = []
  const cluster = makeCluster(dice)
  const host = makeHost()
  const judge = makeJudge({ now: time.now, living: () => children.living, tell: trace.breach })
  const children = makeChildren({
    time,
    dice: makeDice(seed ^ 0x27d4eb2f),
    hasNic: (name) => host.nics.has(name),
    witness: witnessOf(trace, judge, (kind) => void happened.push(kind))
  })
  const daemon = makeNodeDaemon({
    time,
    dice: makeDice(seed ^ 0x5bd1e995),
    trace,
    judge,
    children,
    cluster,
    host
  })
  const pending = new Set<() => void>()
  return {
    ...daemon,
    note: trace.note,
    breach: trace.breach,
    dice,
    time,
    trace,
    happened,
    cluster,
    host,
    children,
    living: (isOne = () => true) => [...children.living.values()].filter(isOne),
    later: (millis, task) => {
      const once = () => {
        if (pending.delete(once)) task()
      }
      pending.add(once)
      time.after(millis, once)
    },
    finishPending: () => {
      for (const task of pending) task()
    },
    withoutJumps
  }
}
