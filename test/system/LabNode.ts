/** A node of the lab: a grandmaster on its network, the daemon, and its NodePTPDev as the API server has it. */
import { Effect, Schema } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"
import { createManifests, type Manifest, readDeployedKinds } from "../../src/programs/cli/demo/CreateManifests.ts"
import { NodePTPDevStatus } from "../../src/services/kubernetes/NodePTPDev.ts"
import { killOwn } from "../KillOwn.ts"
import { childrenOf, eventually, harmless, type Lab, makeLab, startDaemon, startGrandmaster } from "./Lab.ts"

/** Path of the daemon's resources. */
export const collection = "/apis/ptp.openshift.io/v1/namespaces/ptp"

/**
 * The daemon has been started, with `env` in its environment, and there is no NodePTPCfg; all in the scope.
 */
export const makeNodeWith = Effect.fnUntraced(function*(env: (lab: Lab) => Readonly<Record<string, string>>) {
  const lab = yield* makeLab
  const grandmaster = yield* startGrandmaster(lab)
  yield* createManifests(lab.server, yield* readDeployedKinds)
  const runDirectory = `${lab.directory}/run`
  const daemon = yield* startDaemon(lab, env(lab))
  const Answer = Schema.Struct({ status: Schema.optionalKey(NodePTPDevStatus) })
  const status = HttpClient.get(`${lab.server}${collection}/nodeptpdevs/worker-1`).pipe(
    Effect.flatMap((response) => response.json),
    Effect.flatMap(Schema.decodeUnknownEffect(Answer)),
    Effect.map((answer) => answer.status),
    // Until the daemon has made the object.
    Effect.orElseSucceed(() => undefined)
  )
  const statusWhere = (what: string, holds: (status: NodePTPDevStatus) => boolean, within?: string) =>
    eventually(what, Effect.map(status, (now) => now !== undefined && holds(now) ? now : undefined), within).pipe(
      Effect.tapDefect(() => Effect.sync(() => console.error(daemon.output())))
    )
  const patchSpec = (manifest: Manifest) =>
    HttpClientRequest.patch(`${lab.server}${collection}/nodeptpcfgs/${String(manifest.metadata["name"])}`).pipe(
      HttpClientRequest.setBody(
        HttpBody.text(JSON.stringify({ spec: manifest["spec"] }), "application/merge-patch+json")
      ),
      HttpClient.execute
    )
  /** Reasons and notes of the events about this node. */
  const events = HttpClient.get(`${lab.server}/apis/events.k8s.io/v1/namespaces/ptp/events`).pipe(
    Effect.flatMap((response) => response.json),
    Effect.flatMap(Schema.decodeUnknownEffect(Events)),
    Effect.map(({ items }) => items.filter(({ regarding }) => regarding.name === "worker-1")),
    Effect.orDie
  )
  const childOf = (program: string, profile: string) =>
    childrenOf(runDirectory).find(({ command }) => command.includes(`/${program}-${profile}-`))?.pid
  return { lab, grandmaster, daemon, runDirectory, status, statusWhere, patchSpec, events, childOf }
})

export const makeNode = makeNodeWith(() => ({}))

const Events = Schema.Struct({
  items: Schema.Array(Schema.Struct({
    reason: Schema.String,
    note: Schema.String,
    regarding: Schema.Struct({ kind: Schema.String, name: Schema.String })
  }))
})

interface Profile {
  readonly name: string
  readonly [field: string]: Schema.Json
}

/** A NodePTPCfg all of whose profiles are recommended for the node. */
export const configOf = (name: string, priority: number, ...profile: ReadonlyArray<Profile>): Manifest => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name, namespace: "ptp" },
  spec: {
    profile,
    recommend: profile.map((one) => ({ profile: one.name, priority, match: [{ nodeName: "worker-1" }] }))
  }
})

/** A profile that follows the grandmaster on `nic0`, with bounds that software time stamps of a busy machine keep. */
export const clientProfile = (options = ""): Profile => ({
  name: "client",
  interface: "nic0",
  ptp4lOpts: `-S -2 -s ${harmless} ${options}`.trim(),
  ptpClockThreshold: { maxOffsetThreshold: 1_000_000, minOffsetThreshold: -1_000_000 }
})

/** The namespace is the test's own, so any port is free. */
export const healthPort = "18081"

/** What a daemon with `healthPort` answers; undefined until it listens. */
export const readiness = HttpClient.get(`http://127.0.0.1:${healthPort}/readyz`).pipe(
  Effect.flatMap((response) => Effect.map(response.text, (text) => ({ status: response.status, text }))),
  Effect.orElseSucceed(() => undefined)
)

/** One condition as published. */
export const conditionOf = (status: NodePTPDevStatus, type: "Applied" | "Synchronized" | "Degraded") => {
  const { message = "", reason = "", status: value = "" } = status.conditions.find((one) => one.type === type) ?? {}
  return { status: value, reason, message }
}

/** A node on which `profile` runs, and all is well. */
export const makeWellNode = (...profiles: ReadonlyArray<Profile>) => makeWell(makeNode, ...profiles)

/** The same of a node that was made in another way. */
export const makeWell = (make: typeof makeNode, ...profiles: ReadonlyArray<Profile>) =>
  Effect.gen(function*() {
    const node = yield* make
    yield* createManifests(node.lab.server, [configOf("lab", 4, ...profiles)])
    yield* node.statusWhere("all is well", isWell)
    return node
  })

/** True when everything is as it should be: applied, following, and nothing to complain of. */
export const isWell = (status: NodePTPDevStatus) =>
  conditionOf(status, "Applied").status === "True" && conditionOf(status, "Degraded").status === "False" &&
  status.clock?.state === "LOCKED" && portOf(status, "nic0") === "SLAVE"

/** State of a port as published. */
export const portOf = (status: NodePTPDevStatus, nic: string) =>
  status.clock?.ports.find((port) => port.interface === nic)?.state

/** Kills one process at once. */
export const kill = (pid: number | undefined) => killOwn(pid, "SIGKILL")
