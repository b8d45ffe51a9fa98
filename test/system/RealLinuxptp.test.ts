/**
 * The whole path with real linuxptp: NodePTPCfg -> ptp4l in SLAVE -> NodePTPDev, then changes, deletion and the end.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { createManifests, type Manifest } from "../../src/programs/cli/demo/CreateManifests.ts"
import { childrenOf, eventually, filesLeft, harmless, labLayer, labMissing, startDaemon } from "./Lab.ts"
import { clientProfile, collection, isWell, kill, makeNode, makeWellNode, portOf } from "./LabNode.ts"

/** `client` follows on nic0 and steers the clock within 1 ppb; `watcher` only listens on nic1. */
const config = (clientOpts: string): Manifest => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "lab", namespace: "ptp" },
  spec: {
    profile: [
      {
        name: "client",
        interface: "nic0",
        ptp4lOpts: `-S -2 -s ${harmless} ${clientOpts}`,
        ptpClockThreshold: { maxOffsetThreshold: 1_000_000, minOffsetThreshold: -1_000_000 }
      },
      { name: "watcher", interface: "nic1", ptp4lOpts: `-S -2 -s --free_running 1 ${harmless}` }
    ],
    recommend: ["client", "watcher"].map((profile) => ({ profile, priority: 4, match: [{ nodeName: "worker-1" }] }))
  }
})

const node = Effect.map(makeNode, (made) => ({
  ...made,
  ptp4lOf: (profile: string) =>
    childrenOf(made.runDirectory).find(({ command }) => command.includes(`ptp4l-${profile}-`))
}))

describe.skipIf(labMissing !== undefined)(
  `real linuxptp${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live("runs a profile to SLAVE, replaces only what changed, and leaves nothing when it is deleted (L-10 deleted but running)", () =>
      Effect.gen(function*() {
        const { daemon, lab, patchSpec, ptp4lOf, runDirectory, statusWhere } = yield* node
        yield* statusWhere("ready without a profile", ({ conditions }) => conditions[0]?.reason === "NoProfile")

        yield* createManifests(lab.server, [config("--summary_interval 0")])
        const locked = yield* statusWhere("port in SLAVE", (status) => portOf(status, "nic0") === "SLAVE")
        assert.deepStrictEqual(locked.profiles.map(({ config, matchedBy, name }) => ({ config, matchedBy, name })), [
          { config: "lab", matchedBy: "nodeName worker-1", name: "client" },
          { config: "lab", matchedBy: "nodeName worker-1", name: "watcher" }
        ])
        yield* statusWhere("applied", ({ conditions }) => conditions[0]?.status === "True")
        const [client, watcher] = [ptp4lOf("client"), ptp4lOf("watcher")]
        assert.isDefined(client)
        assert.isDefined(watcher)

        yield* patchSpec(config("--summary_interval 1"))
        const successor = yield* eventually(
          "successor of client",
          Effect.sync(() => {
            const now = ptp4lOf("client")
            return now !== undefined && now.pid !== client?.pid ? now : undefined
          })
        )
        assert.include(successor.command, "--summary_interval=1")
        assert.strictEqual(ptp4lOf("watcher")?.pid, watcher?.pid)
        yield* statusWhere("port in SLAVE again", (status) => portOf(status, "nic0") === "SLAVE")

        yield* HttpClient.del(`${lab.server}${collection}/nodeptpcfgs/lab`)
        yield* statusWhere(
          "nothing runs",
          ({ clock, processes, profiles }) => processes.length === 0 && profiles.length === 0 && clock === undefined
        )
        assert.deepStrictEqual(childrenOf(runDirectory), [])
        // The sign of life that the probes of the kubelet look at goes with the daemon.
        assert.deepStrictEqual(filesLeft(runDirectory), ["alive"])

        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
        assert.deepStrictEqual(filesLeft(runDirectory), [])
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("brings a killed ptp4l back, also when the API server is gone, and takes it along at the end (L-01 never restarted)", () =>
      Effect.gen(function*() {
        const { childOf, daemon, lab, runDirectory, statusWhere } = yield* makeWellNode(clientProfile())
        const first = childOf("ptp4l", "client")
        kill(first)
        const restarted = yield* statusWhere(
          "restarted and well",
          (status) => status.processes[0]?.restarts === 1 && isWell(status)
        )
        assert.include(restarted.processes[0]?.lastExit, "SIGKILL")
        const second = childOf("ptp4l", "client")
        assert.notStrictEqual(second, first)

        yield* lab.apiServer.stop
        kill(second)
        const third = yield* eventually(
          "another ptp4l",
          Effect.sync(() => childOf("ptp4l", "client") === second ? undefined : childOf("ptp4l", "client"))
        )
        const slave = / to SLAVE on /g
        yield* eventually("in SLAVE a third time", Effect.sync(() => daemon.output().match(slave)?.[2]))
        assert.strictEqual(childOf("ptp4l", "client"), third)

        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
        assert.deepStrictEqual(childrenOf(runDirectory), [])
        assert.deepStrictEqual(filesLeft(runDirectory), [])
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("refuses to be the second daemon on a run directory, and leaves the first alone (L-02 two copies)", () =>
      Effect.gen(function*() {
        const { childOf, daemon, lab, runDirectory, statusWhere } = yield* makeWellNode(clientProfile())
        const [children, files] = [childrenOf(runDirectory), filesLeft(runDirectory)]
        const second = yield* startDaemon(lab)
        assert.strictEqual(yield* second.exit, 1)
        assert.include(
          second.output(),
          `cannot use the run directory ${runDirectory}: another linuxptp-daemon is running on it`
        )
        assert.deepStrictEqual(childrenOf(runDirectory), children)
        assert.deepStrictEqual(filesLeft(runDirectory), files)
        // The first still watches over it.
        kill(childOf("ptp4l", "client"))
        yield* statusWhere("well again", (status) => status.processes[0]?.restarts === 1 && isWell(status))
        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("takes its children along when it is killed, and cleans up at its next start", () =>
      Effect.gen(function*() {
        const { daemon, lab, ptp4lOf, runDirectory, statusWhere } = yield* node
        yield* createManifests(lab.server, [config("--summary_interval 0")])
        yield* statusWhere("port in SLAVE", (status) => portOf(status, "nic0") === "SLAVE")
        yield* daemon.kill("SIGKILL")
        yield* eventually(
          "no child survives",
          Effect.sync(() => childrenOf(runDirectory).length === 0 ? true : undefined),
          "1 second"
        )
        const next = yield* startDaemon(lab)
        yield* eventually("ptp4l runs again", Effect.sync(() => ptp4lOf("client")))
        yield* next.kill("SIGTERM")
        assert.strictEqual(yield* next.exit, 0)
        assert.deepStrictEqual(filesLeft(runDirectory), [])
      }).pipe(Effect.scoped, Effect.provide(labLayer)))
  }
)
