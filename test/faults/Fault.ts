/** The definition of a fault in the matrix, and functions that most faults need. */
import type { Exchange, Verb } from "./Exchange.ts"
import type { Rule } from "./Proxy.ts"
import type { World } from "./World.ts"

/** A fault that came true. */
export interface UnderWay {
  readonly lastsMillis: number
  readonly end: () => void | Promise<void>
  /** False when nothing met it: it does not count. */
  readonly happened?: () => boolean
}

export interface Fault {
  readonly kind: string
  /** From its end to the sync (60 s). */
  readonly patienceMillis?: number
  /** Before it begins, nothing was wrong for longer than the client's back-off remembers. */
  readonly needsHealth?: true
  /** Undefined: there is nothing to do it to just now. */
  readonly start: (world: World) => UnderWay | undefined | Promise<UnderWay | undefined>
}

/**
 * A watch on which nothing is heard looks like one on which nothing happens, until it is silent for 90 s. Only then the
 * client can know; then the usual minute begins.
 */
export const silentWatchMillis = 90_000 + 60_000

export const over: UnderWay = { lastsMillis: 0, end: () => {} }

/** Blinks, a load balancer's roll-out, an outage. */
export const someWhile = ({ dice }: World): number =>
  dice.between(1, dice.pick([1_000, 10_000, 40_000, 40_000, 120_000, 400_000]))

export const streams = ({ proxy }: World): ReadonlyArray<Exchange> =>
  proxy.exchanges().filter(({ isStreaming }) => isStreaming)

export const someStream = (world: World): Exchange | undefined => world.dice.some(streams(world))

/** Ends open watches, so that what answers requests is met; and something to write, for the same reason. */
export const provoke = (world: World, isOne: (exchange: Exchange) => boolean = () => true): void => {
  for (const exchange of streams(world).filter(isOne)) if (world.dice.chance(0.7)) exchange.front.reset()
  world.edit()
}

/** Which requests a fault is about, in words. */
const someScope = ({ dice }: World): readonly [string, (exchange: Exchange) => boolean] => {
  const verbs = dice.pick<ReadonlyArray<Verb>>([["list"], ["watch"], ["list", "watch"], ["get", "create", "patch"]])
  const resource = dice.pick(["nodes", "nodeptpcfgs", "nodeptpdevs"])
  return dice.pick<readonly [string, (exchange: Exchange) => boolean]>([
    ["all requests", () => true],
    ["all requests", () => true],
    [verbs.join(", "), ({ verb }) => verbs.includes(verb)],
    [`requests for ${resource}`, (exchange) => exchange.resource === resource]
  ])
}

/** Requests of a scope are answered by `take` for a while. */
export const takingRequests = (
  kind: string,
  take: (exchange: Exchange, world: World) => void,
  isOne: (exchange: Exchange) => boolean = () => true,
  { prepare = () => {}, ...options }: Pick<Fault, "patienceMillis"> & {
    /** What has to be so for the requests to come. */
    readonly prepare?: (world: World) => void
  } = {}
): Fault => ({
  kind,
  ...options,
  start: (world) => {
    const [words, isInScope] = someScope(world)
    let taken = 0
    const rule: Rule = (exchange) => {
      if (!isInScope(exchange) || !isOne(exchange)) return undefined
      taken += 1
      return () => take(exchange, world)
    }
    world.note(`FAULT ${kind}: ${words}`)
    world.proxy.rules.push(rule)
    prepare(world)
    provoke(world, isInScope)
    return {
      lastsMillis: someWhile(world),
      end: () => void world.proxy.rules.splice(world.proxy.rules.indexOf(rule), 1),
      happened: () => taken > 0
    }
  }
})

/** Something that happens to one open watch, or with luck to all of them. */
export const toStream = (
  kind: string,
  harm: (exchange: Exchange, world: World) => void,
  options: Pick<Fault, "patienceMillis" | "needsHealth"> = {}
): Fault => ({
  kind,
  ...options,
  start: (world) => {
    const victim = someStream(world)
    if (victim === undefined) return undefined
    const victims = world.dice.chance(0.2) && options.needsHealth === undefined ? streams(world) : [victim]
    world.note(`FAULT ${kind}: ${victims.map(({ front, resource }) => `${front.id} (${resource})`).join(", ")}`)
    for (const exchange of victims) harm(exchange, world)
    return over
  }
})
