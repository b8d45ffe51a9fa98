/** A comparison: the official informer, used as in its documentation, after one TCP reset. */
import { assert, describe, it } from "@effect/vitest"
import { KubeConfig, ListWatch, Watch } from "@kubernetes/client-node"
import type { KubernetesListObject, KubernetesObject } from "@kubernetes/client-node"
import { Effect } from "effect"
import { get } from "node:http"
import { syncedWorld } from "./FaultTest.ts"

const path = "/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpcfgs"
/** It is told apart from the daemon by what it asks. */
const isOurs = (target: string) => target.includes("allowWatchBookmarks=true")

describe("the informer of @kubernetes/client-node 2.0.1", () => {
  it.live("ends with one reset and leaves the rest to its user, where the daemon is back within 2 s", () =>
    Effect.gen(function*() {
      const world = yield* syncedWorld(1, { isTls: false })
      const { advance, cluster, files, isInSync, proxy, resting } = world
      const server = `http://127.0.0.1:${proxy.port}`
      const headers = { authorization: `Bearer ${files.token}` }
      const config = new KubeConfig()
      config.loadFromOptions({
        clusters: [{ name: "c", server, skipTLSVerify: true }],
        users: [{ name: "u", token: files.token }],
        contexts: [{ name: "x", cluster: "c", user: "u" }],
        currentContext: "x"
      })
      const list = () =>
        new Promise<KubernetesListObject<KubernetesObject>>((resolve, reject) => {
          get(`${server}${path}`, { headers }, (response) => {
            let text = ""
            response.on("data", (part: Buffer) => {
              text += part.toString()
            })
            response.on("end", () => resolve(JSON.parse(text)))
          }).on("error", reject)
        })
      const informer = new ListWatch(path, new Watch(config), list, false)
      const failed = new Promise<unknown>((resolve) => informer.on("error", resolve))
      yield* Effect.addFinalizer(() => Effect.promise(() => informer.stop()))
      yield* Effect.promise(() => resting(informer.start()))
      const foil = () => proxy.exchanges().filter(({ head, verb }) => verb === "watch" && !isOurs(head.target))
      while (foil().length === 0) yield* Effect.promise(world.rest)
      const ours = proxy.exchanges().find(({ head, resource }) => resource === "nodeptpcfgs" && isOurs(head.target))
      for (const { front } of foil()) front.reset()
      ours?.front.reset()
      yield* Effect.promise(() => resting(failed))
      cluster.create("elsewhere")
      assert.isTrue(yield* Effect.promise(() => advance(2_000, isInSync)), world.whatIsWrong().join())
      assert.include((world.daemon.sets.get("nodeptpcfgs") ?? []).map(({ metadata }) => metadata.name), "elsewhere")
      assert.notInclude(informer.list().map(({ metadata }) => metadata?.name), "elsewhere")
      assert.deepStrictEqual(foil(), [])
    }))
})
