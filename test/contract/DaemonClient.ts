/**
 * The daemon's own client, HttpKubernetesApi, on the server under test: the client of one node in a namespace, the sets
 * that its watches deliver, and a connection that a test can cut.
 */
import { Context, Effect, Layer, Queue, Stream } from "effect"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import * as HttpKubernetesApi from "../../src/layers/kubernetes/HttpKubernetesApi.ts"
import { KubernetesApi, type WatchAllOptions, type WatchedSet } from "../../src/services/kubernetes/KubernetesApi.ts"
import { KubernetesCredentials } from "../../src/services/kubernetes/KubernetesCredentials.ts"
import type { ResourceType } from "../../src/services/kubernetes/KubernetesObject.ts"
import { ApiServerUnderTest } from "./ApiServerUnderTest.ts"

/** The administrator's credentials for the server, or for a line to it. */
const credentials = (line: string | undefined) =>
  Layer.effect(
    KubernetesCredentials,
    Effect.map(ApiServerUnderTest, ({ adminToken, ca, url }) => ({
      server: line ?? url,
      headers: () =>
        Effect.succeed<Record<string, string>>(
          adminToken === undefined ? {} : { authorization: `Bearer ${adminToken}` }
        ),
      tls: Effect.succeed(ca === undefined ? {} : { ca })
    }))
  )

/** The API as the daemon of a node sees it, for as long as the scope lives. `line` is another way to the server. */
export const daemonClient = Effect.fn("daemonClient")(
  function*({ line, namespace, nodeName = "worker-1" }: {
    readonly namespace: string
    readonly nodeName?: string
    readonly line?: string
  }) {
    const options = { namespace, component: "linuxptp-daemon", nodeName }
    const layer = HttpKubernetesApi.layer(options).pipe(Layer.provide(credentials(line)))
    return Context.get(yield* Layer.build(layer), KubernetesApi)
  }
)

/** The sets of a watch: `until` waits for one that is as described, and forgets those before it. */
export const watchedSets = Effect.fn("watchedSets")(
  function*(api: KubernetesApi["Service"], resource: ResourceType, options?: WatchAllOptions) {
    const sets = yield* Queue.unbounded<WatchedSet>()
    yield* api.watchAll(resource, options).pipe(
      Stream.runForEach((set) => Queue.offer(sets, set)),
      Effect.forkScoped
    )
    const until = (describes: (set: WatchedSet) => boolean) =>
      Queue.take(sets).pipe(Effect.repeat({ until: describes }))
    return { next: Queue.take(sets), until, waiting: Queue.size(sets) }
  }
)

/** The names of a set's objects. */
export const namesOf = ({ objects }: Pick<WatchedSet, "objects">): ReadonlyArray<string> =>
  objects.map(({ metadata }) => metadata.name)

/**
 * A TCP line to the server. When it is cut, what is connected is reset; who connects then is let through once it is
 * mended, so that the first thing that a client tries is what the server answers.
 */
export const lineToServer = Effect.gen(function*() {
  const { url } = yield* ApiServerUnderTest
  const { hostname, port, protocol } = new URL(url)
  const sockets = new Set<Socket>()
  const waiting = new Set<Socket>()
  let isCut = false
  const hold = (socket: Socket): Socket => {
    sockets.add(socket)
    // The other end tells of its own accord; here a broken line is what is meant.
    return socket.on("error", () => {}).on("close", () => sockets.delete(socket))
  }
  const letThrough = (near: Socket): void => {
    const far = hold(connect(Number(port), hostname))
    near.pipe(far).pipe(near)
    near.on("close", () => far.destroy())
    far.on("close", () => near.destroy())
  }
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      createServer((near) => {
        hold(near)
        if (isCut) waiting.add(near)
        else letThrough(near)
      })
    ),
    (listening) =>
      Effect.callback<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        listening.close(() => resume(Effect.void))
      })
  )
  const address = yield* Effect.callback<AddressInfo | string | null>((resume) => {
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server.address())))
  })
  const ownPort = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `${protocol}//127.0.0.1:${ownPort}`,
    cut: Effect.sync(() => {
      isCut = true
      for (const socket of sockets) socket.resetAndDestroy()
    }),
    mend: Effect.sync(() => {
      isCut = false
      for (const near of waiting) if (!near.destroyed) letThrough(near)
      waiting.clear()
    })
  }
})
