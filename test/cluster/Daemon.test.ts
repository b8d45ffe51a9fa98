/**
 * The daemon on a real API server, as its service account and under the admission policy: what it does, and which
 * failures it survives.
 */
import { assert } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { type JsonObject, listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "../contract/ApiClient.ts"
import { ApiServerUnderTest } from "../contract/ApiServerUnderTest.ts"
import { collections, create, createNode, installAllButKinds, installKinds } from "../contract/Deployment.ts"
import { daemonUser } from "../contract/Grants.ts"
import { until, untilBody } from "../contract/Until.ts"
import type { AuditedRequest } from "./AuditLog.ts"
import { cluster } from "./Cluster.ts"
import { ControlPlane } from "./ControlPlane.ts"
import { makeKubectl } from "./Kubectl.ts"
import { startDaemon } from "./NodeDaemon.ts"
import { createPod, createToken } from "./PodToken.ts"
import { untilGranted } from "./UntilGranted.ts"

const device = `${collections.devices}/worker-1`
const merge = "merge-patch+json"

const deployed = Layer.effectDiscard(Effect.gen(function*() {
  yield* createNode("worker-1")
  yield* installAllButKinds
  yield* installKinds
  yield* untilGranted
}))

const config = (name: string, { label = "", ptp4lOpts = "-s -2" }): JsonObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name, namespace: "ptp" },
  spec: {
    profile: [{ name, interface: "ens787f1", ptp4lOpts, phc2sysOpts: "-a -r" }],
    recommend: [{ profile: name, priority: 4, match: [label === "" ? { nodeName: "worker-1" } : { nodeLabel: label }] }]
  }
})

const labelNode = (labels: JsonObject) => patch(`${collections.nodes}/worker-1`, merge, { metadata: { labels } })

/** A daemon that runs `only`, locked, and how to see what it does. */
const running = Effect.fn("running")(function*(only: JsonObject) {
  yield* call("DELETE", collections.configs)
  yield* create(only)
  const pod = yield* createPod("worker-1")
  const token = yield* createToken({ pod })
  const daemon = yield* startDaemon(token)
  const untilRuns = (name: string) =>
    untilBody(`${name}, locked`, device, ({ status }) => {
      const said = JSON.stringify(status ?? null)
      return said.includes(`"profiles":[{"config":"${name}"`) && said.includes(`"state":"LOCKED"`)
    })
  const processes = Effect.map(
    daemon.processes,
    (all) => all.map(({ id, pid, restarts, spec, state }) => ({ id, pid, restarts, state, argv: spec.argv.join(" ") }))
  )
  yield* untilRuns(textAt(only, "metadata", "name"))
  return { daemon, pod, token, untilRuns, processes }
})

/** Changes ptp4l's options, and waits until everything runs with them. */
const edit = Effect.fn("edit")(function*(
  name: string,
  option: string,
  processes: Effect.Effect<ReadonlyArray<{ readonly argv: string; readonly state: string }>>
) {
  const [profile] = listAt(config(name, { ptp4lOpts: `-s -2 ${option}` }), "spec", "profile")
  yield* patch(`${collections.configs}/${name}`, merge, { spec: { profile: [profile ?? null] } })
  yield* until(
    `ptp4l with ${option}`,
    processes,
    (all) => all.some(({ argv }) => argv.includes(option)) && all.every(({ state }) => state === "Running")
  )
})

/** Requests of the daemon after the moment at which the effect is run. */
const requestsFromNow = Effect.gen(function*() {
  const { audited } = yield* ControlPlane
  const ofDaemon = Effect.map(audited, (all) => all.filter(({ user }) => user === daemonUser))
  const before = (yield* ofDaemon).length
  return Effect.map(ofDaemon, (all) => all.slice(before))
})

/** Whether a request was answered with the whole set as it is now: a LIST, or a watch that begins with one. */
const isList = ({ code, uri, verb }: AuditedRequest) =>
  code === 200 && (uri.includes("sendInitialEvents=true") || (verb === "list" && !uri.includes("resourceVersion=")))

cluster("the daemon on a real API server", (anywhere) =>
  anywhere.layer(deployed)((it) => {
    it.effect("selects by the Node's labels, applies an edit, and says so in status and events", () =>
      Effect.gen(function*() {
        const kubectl = yield* makeKubectl
        yield* labelNode({ role: "first" })
        const { processes, untilRuns } = yield* running(config("first", { label: "role=first" }))
        yield* create(config("second", { label: "role=second" }))
        yield* labelNode({ role: "second" })
        yield* untilRuns("second")
        yield* edit("second", "--summary_interval=1", processes)

        const { text } = yield* kubectl("-n ptp describe nodeptpdev worker-1")
        assert.match(text, /Events:\n +Type +Reason +Age +From +Message\n/)
        assert.match(text, /Normal +ProfileApplied .*linuxptp-daemon.*second/)
        assert.match(text, /Normal +ClockLocked .*linuxptp-daemon +locked to grandmaster/)
        const events = yield* kubectl("-n ptp get events --field-selector involvedObject.name=worker-1")
        assert.match(events.text, /Normal +ClockLocked +nodeptpdev\/worker-1 +locked to grandmaster/)
      }))

    it.effect("makes its object again when somebody deletes it, and touches no process for it", () =>
      Effect.gen(function*() {
        const { processes, untilRuns } = yield* running(config("deleted", {}))
        const before = yield* processes
        const { body } = yield* call("GET", device)
        yield* call("DELETE", device)
        yield* untilBody("another object", device, (other) =>
          textAt(other, "kind") === "NodePTPDev" &&
          textAt(other, "metadata", "uid") !== textAt(body, "metadata", "uid"))
        yield* untilRuns("deleted")
        assert.deepStrictEqual(yield* processes, before)
      }))

    it.effect("outlives a restart and a crash of the API server, and hears the next edit", () =>
      Effect.gen(function*() {
        const { startApiServer, stopApiServer } = yield* ControlPlane
        const { processes } = yield* running(config("restarted", {}))
        for (
          const [signal, option] of [["SIGTERM", "--summary_interval=1"], ["SIGKILL", "--summary_interval=2"]] as const
        ) {
          const before = yield* processes
          yield* stopApiServer(signal)
          yield* startApiServer
          assert.deepStrictEqual(yield* processes, before)
          yield* edit("restarted", option, processes)
        }
      }))

    it.effect("lists again when the API server has forgotten the version it knows", () =>
      Effect.gen(function*() {
        const { compact = Effect.die("no compaction") } = yield* ApiServerUnderTest
        const { processes } = yield* running(config("forgotten", {}))
        const before = yield* processes
        const requests = yield* requestsFromNow
        // What it knows is older than what is forgotten.
        yield* create(config("other", { label: "nobody=has" }))
        yield* call("DELETE", `${collections.configs}/other`)
        yield* compact
        yield* until("new lists", requests, (all) =>
          ["nodes", "nodeptpcfgs", "nodeptpdevs"].every((resource) =>
            all.some((request) => request.resource === resource && isList(request))
          ))
        assert.deepStrictEqual(yield* processes, before)
        yield* edit("forgotten", "--summary_interval=1", processes)
      }))

    it.effect("goes on with the new token when the old one is refused", () =>
      Effect.gen(function*() {
        const { daemon, pod, processes, token, untilRuns } = yield* running(config("renewed", {}))
        daemon.files.write("token", yield* createToken({ pod: yield* createPod("worker-1") }))
        const name = textAt(pod, "metadata", "name")
        // At once: there is no kubelet to end it politely. A token ends with its Pod.
        yield* call("DELETE", `/api/v1/namespaces/ptp/pods/${name}?gracePeriodSeconds=0`)
        const ask = call("GET", device, undefined, { authorization: `Bearer ${token}` })
        yield* until("the old token refused", ask, ({ status }) =>
          status === 401)
        yield* create(config("a-renewed", {}))
        yield* untilRuns("a-renewed")
        yield* edit("a-renewed", "--summary_interval=1", processes)
      }))

    it.effect("trusts another CA as soon as it is given it, and nobody before", () =>
      Effect.gen(function*() {
        const { changeAuthority } = yield* ControlPlane
        const { daemon, processes } = yield* running(config("trusted", {}))
        const before = yield* processes
        const certificate = yield* changeAuthority
        const complaint = /error=.*(UNABLE_TO|SELF_SIGNED|CERT_)/
        yield* until(
          "a complaint",
          Effect.sync(() => daemon.logged),
          (lines) => lines.some((line) => complaint.test(line))
        )
        assert.deepStrictEqual(yield* processes, before)
        daemon.files.write("ca.crt", certificate)
        yield* edit("trusted", "--summary_interval=1", processes)
      }))
  }))
