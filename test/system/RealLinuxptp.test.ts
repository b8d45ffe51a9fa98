/** The whole path with the real linuxptp: NodePTPCfg -> ptp4l in SLAVE -> NodePTPDev, changes, deletion, the end. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"
import { createManifests, type Manifest, readManifestFile } from "../../src/programs/cli/demo/CreateManifests.ts"
import { NodePTPDevStatus } from "../../src/services/kubernetes/NodePTPDev.ts"
import {
  childrenOf,
  eventually,
  filesLeft,
  harmless,
  labLayer,
  labMissing,
  makeLab,
  startDaemon,
  startGrandmaster
} from "./Lab.ts"

const collection = "/apis/ptp.openshift.io/v1/namespaces/ptp"

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

const makeNode = Effect.gen(function*() {
  const lab = yield* makeLab
  yield* startGrandmaster(lab)
  for (const file of ["deploy/00-ns.yaml", "deploy/01-crd.yaml"]) {
    yield* createManifests(lab.server, yield* readManifestFile(file))
  }
  const runDirectory = `${lab.directory}/run`
  const daemon = yield* startDaemon(lab)
  const Answer = Schema.Struct({ status: Schema.optionalKey(NodePTPDevStatus) })
  const status = HttpClient.get(`${lab.server}${collection}/nodeptpdevs/worker-1`).pipe(
    Effect.flatMap((response) => response.json),
    Effect.flatMap(Schema.decodeUnknownEffect(Answer)),
    Effect.map((answer) => answer.status),
    // Until the daemon has made the object.
    Effect.orElseSucceed(() => undefined)
  )
  const statusWhere = (what: string, holds: (status: NodePTPDevStatus) => boolean) =>
    eventually(what, Effect.map(status, (now) => now !== undefined && holds(now) ? now : undefined)).pipe(
      Effect.tapDefect(() => Effect.sync(() => console.error(daemon.output())))
    )
  const patchSpec = (manifest: Manifest) =>
    HttpClientRequest.patch(`${lab.server}${collection}/nodeptpcfgs/lab`).pipe(
      HttpClientRequest.setBody(
        HttpBody.text(JSON.stringify({ spec: manifest["spec"] }), "application/merge-patch+json")
      ),
      HttpClient.execute
    )
  const ptp4lOf = (profile: string) =>
    childrenOf(runDirectory).find(({ command }) => command.includes(`ptp4l-${profile}-`))
  return { lab, daemon, runDirectory, statusWhere, patchSpec, ptp4lOf }
})

const portOf = (status: NodePTPDevStatus, nic: string) =>
  status.clock?.ports.find((port) => port.interface === nic)?.state

describe.skipIf(labMissing !== undefined)(
  `real linuxptp${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live("runs a profile to SLAVE, replaces only what changed, and leaves nothing when it is deleted", () =>
      Effect.gen(function*() {
        const { daemon, lab, patchSpec, ptp4lOf, runDirectory, statusWhere } = yield* makeNode
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
        assert.deepStrictEqual(filesLeft(runDirectory), [])

        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("brings a killed ptp4l back, goes on with it when the API server is gone, and takes it along at the end", () =>
      Effect.gen(function*() {
        const { daemon, lab, ptp4lOf, runDirectory, statusWhere } = yield* makeNode
        yield* createManifests(lab.server, [config("--summary_interval 0")])
        yield* statusWhere("port in SLAVE", (status) => portOf(status, "nic0") === "SLAVE")
        const first = ptp4lOf("client")
        assert.isDefined(first)
        process.kill(first?.pid ?? 0, "SIGKILL")
        const restarted = yield* statusWhere(
          "restarted and in SLAVE",
          (status) =>
            status.processes.some(({ profile, restarts }) => profile === "client" && restarts === 1) &&
            portOf(status, "nic0") === "SLAVE"
        )
        const process_ = restarted.processes.find(({ profile }) => profile === "client")
        assert.include(process_?.lastExit ?? "", "SIGKILL")
        assert.notStrictEqual(ptp4lOf("client")?.pid, first?.pid)

        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
        assert.deepStrictEqual(childrenOf(runDirectory), [])
        assert.deepStrictEqual(filesLeft(runDirectory), [])
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("refuses to be the second daemon on a run directory", () =>
      Effect.gen(function*() {
        const { daemon, lab, statusWhere } = yield* makeNode
        yield* statusWhere("the first is up", () => true)
        const second = yield* startDaemon(lab)
        assert.strictEqual(yield* second.exit, 1)
        assert.include(second.output(), "another linuxptp-daemon is running")
        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("takes its children along when it is killed, and cleans up at its next start", () =>
      Effect.gen(function*() {
        const { daemon, lab, ptp4lOf, runDirectory, statusWhere } = yield* makeNode
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
