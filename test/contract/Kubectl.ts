/** kubectl with the project's manifests on the server under test: what people do, and what they read. */
import { assert, describe } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { createInterface } from "node:readline"
import { textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { isInstalled, kubectl, startKubectl, whySkipped } from "./KubectlProgram.ts"
import { cfg, dev, ownName, untilStatus, workspace } from "./Workspace.ts"

const deploy = new URL("../../deploy", import.meta.url).pathname

/** Runs a line that has to succeed and to print what is expected. */
const expecting = Effect.map(
  kubectl,
  (run) =>
    Effect.fn("expectOutput")(function*(line: string, ...parts: ReadonlyArray<RegExp>) {
      const output = yield* run(line)
      for (const part of [...parts, /exit 0$/]) assert.match(output, part, line)
    })
)

// Skipped where there is no kubectl on the PATH: the other suites say the same to a server, as kubectl says it.
export const kubectlContract = (it: ContractTests) =>
  describe.skipIf(!isInstalled)(`${whySkipped}`, () => {
    manifests(it)
    forms(it)
    changes(it)
    nodes(it)
    watching(it)
  })

const manifests = (it: ContractTests) =>
  it.effect("creates, shows, edits, patches, labels, applies, explains and deletes", () =>
    Effect.gen(function*() {
      const { namespace } = yield* workspace
      const run = yield* kubectl
      const expectOutput = yield* expecting
      const example = `${deploy}/nodeptpcfg_cr.yaml`
      for (const file of ["00-ns", "01-crd", "02-rbac", "03-admission-policy", "ptp-daemon"]) {
        yield* expectOutput(`apply -f ${deploy}/${file}.yaml`, /(created|configured|unchanged)/)
      }
      yield* expectOutput(`-n ptp apply -f ${example}`, /profile1 (created|configured|unchanged)/)
      yield* expectOutput("-n ptp get nodeptpcfgs profile1", /^NAME +PROFILES +AGE\nprofile1 +profile1 +\w+\n/)
      yield* expectOutput(`-n ${namespace} get ptpdev`, /No resources found/)
      yield* expectOutput("-n ptp get ptpcfg profile1 -o yaml", /ptp4lOpts: -s -2/, /generation: \d/)
      const edited = yield* run("-n ptp edit ptpcfg profile1", { KUBE_EDITOR: "sed -i s/priority:.4/priority:\\ 5/" })
      assert.match(edited, /nodeptpcfg.ptp.openshift.io\/profile1 edited\nexit 0$/)
      const wrong = yield* run(`-n ptp patch ptpcfg profile1 --type=merge -p {"spec":{"recommend":[{"priority":0}]}}`)
      assert.match(
        wrong,
        /The NodePTPCfg "profile1" is invalid: .*spec.recommend\[0\].profile: Required value.*exit 1$/s
      )
      const negative = `[{"op":"replace","path":"/spec/recommend/0/priority","value":-1}]`
      assert.strictEqual(
        yield* run(`-n ptp patch ptpcfg profile1 --type=json -p ${negative}`),
        "The NodePTPCfg \"profile1\" is invalid: spec.recommend[0].priority: Invalid value: -1: " +
          "spec.recommend[0].priority in body should be greater than or equal to 0\nexit 1"
      )
      const difference = yield* run(`-n ptp diff -f ${example}`)
      assert.match(difference, /\n- +priority: 5\n\+ +priority: 4\n[^]*exit 1$/)
      yield* expectOutput(`-n ptp apply -f ${example}`, /profile1 configured/)
      yield* expectOutput(`-n ptp diff -f ${example}`, /^exit 0$/)
      yield* expectOutput("explain nodeptpcfg.spec.profile.ptp4lOpts", /Options of ptp4l as typed on a command line/)
      yield* expectOutput(
        "api-resources --api-group=ptp.openshift.io",
        /^nodeptpcfgs +ptpcfg +ptp.openshift.io\/v1 +true/m
      )
      yield* expectOutput(`create namespace ${ownName("other")}`, /namespace\/other-\w+ created/)
      yield* expectOutput("-n ptp delete ptpcfg profile1", /"profile1" deleted/)
    }))

const forms = (it: ContractTests) =>
  it.effect("shows an object and its events in every form", () =>
    Effect.gen(function*() {
      const { devs, namespace } = yield* workspace
      const expectOutput = yield* expecting
      const created = yield* call("POST", devs, dev("worker-1"))
      const uid = textAt(created.body, "metadata", "uid")
      const ready = { reason: "Ready", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }
      const status = {
        clock: { state: "LOCKED" },
        conditions: [{ type: "Applied", status: "True", ...ready }, { type: "Degraded", status: "False", ...ready }]
      }
      yield* patch(`${devs}/worker-1/status`, "merge-patch+json", { status })
      for (const [index, reason] of ["ClockLocked", "ClockLost"].entries()) {
        yield* call("POST", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
          apiVersion: "events.k8s.io/v1",
          kind: "Event",
          metadata: { name: `worker-1.${index}` },
          eventTime: `2026-01-01T00:00:0${index}.000000Z`,
          reportingController: "linuxptp-daemon",
          reportingInstance: "worker-1",
          action: reason,
          reason,
          note: "a note",
          regarding: { apiVersion: "ptp.openshift.io/v1", kind: "NodePTPDev", name: "worker-1", namespace, uid },
          type: "Normal"
        })
      }
      const get = (rest: string, ...parts: ReadonlyArray<RegExp>) =>
        expectOutput(`-n ${namespace} get ${rest}`, ...parts)
      yield* get("ptpdev", /^NAME +PROFILE +CLOCK +APPLIED +DEVICES +AGE\nworker-1 +LOCKED +True +\w+\n/)
      yield* get(
        "ptpdev worker-1 -o wide",
        /^NAME +PROFILE +CLOCK +APPLIED +DEVICES +AGE +GRANDMASTER +REASON +LINUXPTP +VERSION\nworker-1 /
      )
      yield* get("ptpdev -o yaml", /kind: NodePTPDev\n[^]*state: LOCKED\n[^]*kind: List/)
      yield* get("ptpdev worker-1 -o json", /"state": "LOCKED"/)
      yield* get("ptpdev -o jsonpath={.items[*].status.clock.state}", /^LOCKEDexit 0$/)
      yield* get("ptpdev -o custom-columns=N:.metadata.name,C:.status.clock.state", /^N +C\nworker-1 +LOCKED\n/)
      yield* get("ptpdev --no-headers -L absent", /^worker-1 /)
      yield* get("ptpdev --field-selector=metadata.name=other", /^No resources found/)
      yield* get("ptp -o name", /^nodeptpdev.ptp.openshift.io\/worker-1\nexit 0$/)
      const table = /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n[^\n]+ClockL[^\n]+\n[^\n]+ClockL[^\n]+a note\nexit 0$/
      // Both have no lastTimestamp: the field is there and null, or kubectl would refuse to sort.
      yield* get("events --sort-by=.lastTimestamp", table)
      yield* get("events --sort-by=.reason -o name", /^event\/worker-1.0\nevent\/worker-1.1\nexit 0$/)
      yield* expectOutput(
        `-n ${namespace} describe ptpdev worker-1`,
        /State: +LOCKED/,
        /Events:\n +Type +Reason +Age +From +Message\n[^]*Normal +ClockLocked +\w+ +linuxptp-daemon +a note\n/
      )
    }))

const changes = (it: ContractTests) =>
  it.effect("labels, annotates, waits, and tries without writing", () =>
    Effect.gen(function*() {
      const { cfgs, namespace } = yield* workspace
      const run = yield* kubectl
      const expectOutput = yield* expecting
      yield* call("POST", cfgs, { ...cfg("a"), metadata: { name: "a", finalizers: ["example.com/held"] } })
      const on = (line: string, ...parts: ReadonlyArray<RegExp>) => expectOutput(`-n ${namespace} ${line}`, ...parts)
      yield* on("label ptpcfg a team=clocks", /a labeled/)
      yield* on("annotate ptpcfg a example.com/note=x", /a annotated/)
      yield* on("get ptpcfg -l team=clocks -o jsonpath={.items[0].metadata.annotations}", /"example.com\/note":"x"/)
      yield* on("label ptpcfg a team-", /a unlabeled/)
      yield* on("get ptpcfg -l team", /No resources found/)
      yield* on("patch ptpcfg a --type=merge --dry-run=server -p {\"spec\":{\"profile\":[]}}", /a patched/)
      yield* on("wait ptpcfg/a --for=jsonpath={.spec.profile[0].name}=p --timeout=20s", /a condition met/)
      yield* on("delete ptpcfg a --wait=false", /"a" deleted/)
      const replaced = yield* run(`-n ${namespace} patch ptpcfg a --type=strategic -p {}`)
      assert.match(replaced, /exit 1$/)
      yield* on("patch ptpcfg a --type=json -p [{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]", /a patched/)
      yield* on("wait ptpcfg/a --for=delete --timeout=20s")
      yield* on("create configmap settings --from-literal=a=b", /configmap\/settings created/)
      yield* on("create serviceaccount somebody", /serviceaccount\/somebody created/)
      yield* on("get configmaps settings", /^NAME +DATA +AGE\nsettings +1 +\w+\n/)
    }))

const nodes = (it: ContractTests) =>
  it.effect("shows and labels nodes", () =>
    Effect.gen(function*() {
      const name = ownName("node")
      const labels = { "node-role.kubernetes.io/worker": "" }
      yield* call("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name, labels } })
      yield* call("PATCH", `/api/v1/nodes/${name}/status`, {
        status: { conditions: [{ type: "Ready", status: "True" }], nodeInfo: { kubeletVersion: "v1.37.0" } }
      }, { "content-type": "application/merge-patch+json" })
      const run = yield* kubectl
      const label = `contract=${name}`
      assert.match(yield* run(`label node ${name} ${label}`), /^node\/\S+ labeled\nexit 0$/)
      const shown = yield* run(`get nodes -l ${label}`)
      assert.match(shown, /^NAME +STATUS +ROLES +AGE +VERSION\nnode-\w+ +Ready +worker +\w+ +v1.37.0\nexit 0$/)
      assert.strictEqual(yield* run(`get nodes -l ${label} -o name`), `node/${name}\nexit 0`)
      yield* call("DELETE", `/api/v1/nodes/${name}`)
    }))

const watching = (it: ContractTests) =>
  it.effect("shows changes as they come with get -w", () =>
    Effect.gen(function*() {
      const { cfgs, namespace } = yield* workspace
      const start = yield* startKubectl
      const lines = yield* Queue.unbounded<string>()
      const create = (name: string) =>
        call("POST", cfgs, { apiVersion: "ptp.openshift.io/v1", kind: "NodePTPCfg", metadata: { name }, spec: {} })
      yield* create("first")
      yield* untilStatus(`${cfgs}/first`, 200)
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => start(["-n", namespace, "get", "ptpcfg", "-w"])),
        (running) => Effect.sync(() => running.kill())
      )
      const { stdout } = child
      assert.isNotNull(stdout)
      createInterface({ input: stdout }).on("line", (line) => Queue.offerUnsafe(lines, line))
      for (const name of ["NAME", "first"]) assert.isTrue((yield* Queue.take(lines)).startsWith(name))
      yield* create("later")
      assert.match(yield* Queue.take(lines), /^later +\d+s$/)
    }))
