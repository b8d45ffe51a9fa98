/** Faults of the API server: restarts, a lost history, a restored backup, kinds that disappear and come back. */
import { request } from "node:http"
import { answerStatus, answerWhole, endStream } from "./Exchange.ts"
import { type Fault, provoke, silentWatchMillis, someWhile, streams, type UnderWay } from "./Fault.ts"
import type { Rule } from "./Proxy.ts"
import type { World } from "./World.ts"

const group = "ptp.openshift.io"
const watches = 3
const bump = 1_000_000
const writesOfOthers = 100_000
/** A bookmark has told every watch of them. */
const bookmarkMillis = 65_000

const restart = (kind: string, meanwhile: (world: World) => void): Fault => ({
  kind,
  start: (world) => {
    world.note(`FAULT ${kind}`)
    world.stopServer()
    return {
      lastsMillis: someWhile(world),
      end: async () => {
        meanwhile(world)
        await world.startServer()
      }
    }
  }
})

const someEdits = (world: World, least: number, most: number) => {
  for (let left = world.dice.between(least, most); left > 0; left--) world.edit()
}

const restore = (kind: string, by: number): Fault => ({
  kind,
  // A watch from a version that is to come is accepted, and says nothing until it has come (kube-apiserver).
  ...(by === 0 ? { patienceMillis: silentWatchMillis } : {}),
  start: async (world) => {
    const before = streams(world)
    const backup = world.state.backUp()
    world.state.writeElsewhere(writesOfOthers)
    await world.advance(bookmarkMillis)
    if (before.filter(({ isStreaming }) => isStreaming).length < watches) return undefined
    someEdits(world, 1, 8)
    await world.advance(world.dice.between(0, 5_000))
    world.note(`FAULT ${kind}`)
    world.stopServer()
    return {
      lastsMillis: someWhile(world),
      end: async () => {
        world.note(`version ${world.state.version()} goes to ${backup.version + by}`)
        world.state.restore(backup, by)
        await world.startServer()
      }
    }
  }
})

/** A request past the proxy, as kubectl makes it. */
const ask = (world: World, method: string, path: string) =>
  world.resting(
    new Promise<void>((resolve, reject) => {
      request(new URL(path, world.proxy.backend.url), { method }, (response) => {
        response.resume()
        response.on("close", resolve)
      }).on("error", reject).end()
    })
  )

const kindsAway: Fault = {
  kind: "the kinds are not served for a while, their objects stay",
  start: (world) => {
    world.note("FAULT the kinds are not served")
    const rule: Rule = ({ path }) =>
      path.includes(group) ? (exchange) => answerWhole(exchange, 404, "404 page not found\n") : undefined
    world.proxy.rules.push(rule)
    for (const exchange of streams(world)) if (exchange.path.includes(group)) endStream(exchange)
    return {
      lastsMillis: someWhile(world),
      end: () => void world.proxy.rules.splice(world.proxy.rules.indexOf(rule), 1)
    }
  }
}

const kindsDeleted: Fault = {
  kind: "the kinds are deleted with their objects, and made again",
  start: async (world): Promise<UnderWay> => {
    const plurals = world.dice.pick([["nodeptpcfgs"], ["nodeptpdevs"], ["nodeptpcfgs", "nodeptpdevs"]])
    world.note(`FAULT deleted: ${plurals.join(", ")}`)
    for (const plural of plurals) {
      await ask(world, "DELETE", `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`)
    }
    return {
      lastsMillis: someWhile(world),
      end: () => {
        world.state.defineKinds()
        if (world.dice.chance(0.7)) world.cluster.create("cell")
        if (world.dice.chance(0.7)) world.cluster.create("radio")
      }
    }
  }
}

const staleList: Fault = {
  kind: "a list comes from a cache that is behind",
  start: async (world) => {
    const lists = new Map<string, Buffer>()
    let served = 0
    // The watches end with a 404, as while a kind is installed: after that a list from any cache will do.
    let glitches = 3
    const keep: Rule = (exchange) => {
      if (exchange.verb !== "list") return undefined
      const stale = lists.get(exchange.resource)
      if (stale === undefined) {
        return () =>
          world.proxy.backend.forward(exchange, ({ body, status }) => {
            lists.set(exchange.resource, body)
            answerWhole(exchange, status, body)
          })
      }
      if (exchange.params.get("resourceVersion") !== "0") return undefined
      return () => {
        served += 1
        answerWhole(exchange, 200, stale)
      }
    }
    const glitch: Rule = ({ isFull, verb }) => {
      if (verb !== "watch" || isFull || glitches === 0) return undefined
      glitches -= 1
      return (exchange) => answerStatus(exchange, 404, "NotFound")
    }
    world.note("FAULT lists come from a cache that is behind")
    world.proxy.rules.push(keep, glitch)
    provoke(world)
    await world.advance(5_000)
    glitches = 3
    world.edit()
    provoke(world)
    return {
      lastsMillis: world.dice.between(1_000, 40_000),
      end: () => {
        for (const rule of [keep, glitch]) world.proxy.rules.splice(world.proxy.rules.indexOf(rule), 1)
      },
      happened: () => served > 0
    }
  }
}

export const serverFaults: ReadonlyArray<Fault> = [
  restart("the server restarts", (world) => someEdits(world, 0, 3)),
  restart("the server restarts and has forgotten its history", (world) => {
    someEdits(world, 1, 3)
    world.state.forgetHistory()
  }),
  {
    kind: "a watch resumes from a version that is forgotten",
    start: (world) => {
      world.note("FAULT history is forgotten")
      for (const exchange of streams(world)) exchange.front.reset()
      someEdits(world, 1, 3)
      world.state.forgetHistory()
      return { lastsMillis: 0, end: () => {} }
    }
  },
  restore("the store is restored from a backup", 0),
  restore("the store is restored with a bumped version", bump),
  kindsAway,
  kindsDeleted,
  staleList
]
