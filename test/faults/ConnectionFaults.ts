/** Faults of connections: cut, lost, stuck, refused, slow. */
import { type Fault, over, silentWatchMillis, someStream, someWhile, streams, toStream } from "./Fault.ts"
import type { Front } from "./Front.ts"
import type { Passage } from "./Outlet.ts"
import type { World } from "./World.ts"

/** Within this a single reset of a healthy connection is forgotten. */
const resetPatienceMillis = 2_000

const harmAll = (kind: string, start: (world: World) => () => void): Fault => ({
  kind,
  start: (world) => {
    world.note(`FAULT ${kind}`)
    const end = start(world)
    world.edit()
    return { lastsMillis: someWhile(world), end }
  }
})

/** A path is back: what was held comes, or the state of the connection was lost on the way and it is reset. */
const heal = (front: Front, { dice }: World) => {
  if (dice.chance(0.4)) return front.reset()
  front.releaseToServer()
  front.outlet.release()
}

const halfOpen = (kind: string, harm: (front: Front) => void): Fault =>
  harmAll(kind, (world) => {
    const { dice, proxy } = world
    const victims = [...proxy.fronts].filter(() => dice.chance(0.7))
    for (const front of victims) harm(front)
    return () => {
      for (const front of victims) heal(front, world)
    }
  })

const dripPiece = ({ dice }: World) => {
  let left = dice.between(50, 400)
  return () => {
    left -= 1
    // A byte for each packet; a long list is cut anywhere after that.
    const size = left > 0 ? 1 : dice.between(1, 400)
    return { size, delayMillis: dice.chance(0.05) ? dice.between(1, 200) : 0 }
  }
}

export const connectionFaults: ReadonlyArray<Fault> = [
  toStream("a healthy watch is reset", ({ front }) => front.reset(), {
    needsHealth: true,
    patienceMillis: resetPatienceMillis
  }),
  {
    kind: "the connection of plain requests is reset as a request comes",
    needsHealth: true,
    patienceMillis: resetPatienceMillis,
    start: (world) => {
      const { dice, note, proxy } = world
      let isMet = false
      note("FAULT the next plain request is reset")
      proxy.rules.push(({ verb }) => {
        if (isMet || verb === "list" || verb === "watch") return undefined
        isMet = true
        return ({ front }) => dice.chance(0.5) ? front.reset() : front.close()
      })
      world.edit()
      return { lastsMillis: 1_000, end: () => {}, happened: () => isMet }
    }
  },
  {
    kind: "all connections are reset",
    start: ({ note, proxy }) => {
      note("FAULT all connections are reset")
      for (const front of proxy.fronts) front.reset()
      return over
    }
  },
  toStream("a watch is closed in good order by TCP, not by HTTP", ({ front }) => front.close()),
  {
    kind: "one watch is half-open for ever",
    patienceMillis: silentWatchMillis,
    start: (world) => {
      const victim = someStream(world)
      if (victim === undefined) return undefined
      world.note(`FAULT ${victim.front.id} (${victim.resource}) is half-open for ever`)
      victim.front.outlet.passage = "vanish"
      victim.front.isStuck = true
      world.edit()
      return over
    }
  },
  halfOpen("what the server says is lost until the path is back", (front) => {
    front.outlet.passage = "hold"
  }),
  halfOpen("what the daemon asks is lost until the path is back", (front) => {
    front.toServer = "hold"
  }),
  harmAll("a black hole: nothing passes, new connections are accepted and never answered", (world) => {
    const { dice, proxy } = world
    const before = [...proxy.fronts]
    for (const front of before) {
      front.outlet.passage = "hold"
      front.toServer = dice.pick<Passage>(["hold", "pass"])
    }
    proxy.welcome = "swallow"
    const areResetAtTheEnd = dice.chance(0.5)
    return () => {
      proxy.welcome = "serve"
      for (const front of before) heal(front, world)
      for (const front of proxy.fronts) if (areResetAtTheEnd && front.isSwallowed) front.reset()
    }
  }),
  harmAll("new connections are accepted and never answered, old ones are reset", ({ proxy }) => {
    for (const front of proxy.fronts) front.reset()
    proxy.welcome = "swallow"
    return () => {
      proxy.welcome = "serve"
    }
  }),
  harmAll("new connections are reset", ({ proxy }) => {
    for (const front of proxy.fronts) front.reset()
    proxy.welcome = "reset"
    return () => {
      proxy.welcome = "serve"
    }
  }),
  harmAll("connections are refused", ({ proxy }) => {
    proxy.stopListening()
    for (const front of proxy.fronts) front.reset()
    return proxy.listenAgain
  }),
  harmAll("bytes drip one by one", (world) => {
    const { dice, proxy } = world
    proxy.harmNew = (front) => {
      front.outlet.drip = dripPiece(world)
    }
    for (const front of proxy.fronts) front.outlet.drip = dripPiece(world)
    for (const exchange of streams(world)) if (dice.chance(0.3)) exchange.front.reset()
    return () => {
      proxy.harmNew = undefined
      for (const front of proxy.fronts) front.outlet.drip = undefined
    }
  })
]
