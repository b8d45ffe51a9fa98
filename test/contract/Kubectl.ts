/** kubectl against the server under test, with the project's manifests: what people do, and what they read. */
import { assert, describe } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { call } from "./ApiClient.ts"
import { ApiServerUnderTest, type ContractTests } from "./ApiServerUnderTest.ts"
import { ownName, untilStatus, workspace } from "./Workspace.ts"

const deploy = new URL("../../deploy", import.meta.url).pathname
const isInstalled = spawnSync("kubectl", ["version", "--client"], { stdio: "ignore" }).status === 0

/** kubectl with a home of its own, so that nobody's configuration or cache is read or written. */
const kubectl = Effect.gen(function*() {
  const { adminToken, ca, url } = yield* ApiServerUnderTest
  const home = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "kubectl-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  const caFile = join(home, "ca.crt")
  if (ca !== undefined) writeFileSync(caFile, ca)
  const credentials = [
    ...(ca === undefined ? [] : ["--certificate-authority", caFile]),
    ...(adminToken === undefined ? [] : ["--token", adminToken])
  ]
  return (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
    spawn("kubectl", ["--server", url, ...credentials, "--cache-dir", join(home, "cache"), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], HOME: home, KUBECONFIG: join(home, "none"), ...environment }
    })
})

/** What the command printed, both streams, and its exit code at the end of it. */
const finished = (child: ChildProcess): Effect.Effect<string> =>
  Effect.callback((resume) => {
    let text = ""
    child.stdout?.on("data", (chunk) => text += String(chunk))
    child.stderr?.on("data", (chunk) => text += String(chunk))
    child.on("close", (code) => resume(Effect.succeed(`${text}exit ${code}`)))
    return Effect.sync(() => child.kill())
  })

// Skipped where there is no kubectl on the PATH: the other suites say the same to a server, as kubectl says it.
export const kubectlContract = (it: ContractTests) =>
  describe.skipIf(!isInstalled)("kubectl (skipped when it is not on the PATH)", () => {
    it.effect("creates, shows, edits, patches, labels, applies, explains and deletes", () =>
      Effect.gen(function*() {
        const { namespace } = yield* workspace
        const start = yield* kubectl
        const run = (line: string, environment?: Readonly<Record<string, string>>) =>
          finished(start(line.split(" "), environment))
        const expectOutput = Effect.fn("expectOutput")(function*(line: string, ...parts: ReadonlyArray<RegExp>) {
          const output = yield* run(line)
          for (const part of [...parts, /exit 0$/]) assert.match(output, part, line)
        })
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
            "should be greater than or equal to 0, which is the highest priority\nexit 1"
        )
        yield* expectOutput(`-n ptp apply -f ${example}`, /profile1 configured/)
        yield* expectOutput(`-n ptp diff -f ${example}`, /^exit 0$/)
        yield* expectOutput(
          `-n ptp apply --server-side --force-conflicts -f ${example}`,
          /profile1 serverside-applied/
        )
        yield* expectOutput(
          "-n ptp get ptpcfg profile1 -o yaml --show-managed-fields",
          /manager: kubectl\n +operation: Apply/
        )
        yield* expectOutput("explain nodeptpcfg.spec.profile.ptp4lOpts", /Options of ptp4l as typed on a command line/)
        yield* expectOutput(
          "api-resources --api-group=ptp.openshift.io",
          /^nodeptpcfgs +ptpcfg +ptp.openshift.io\/v1 +true/m
        )
        yield* expectOutput("auth can-i create nodeptpcfgs", /^yes\n/)
        yield* expectOutput(`create namespace ${ownName("other")}`, /namespace\/other-\w+ created/)
        yield* expectOutput("-n ptp delete ptpcfg profile1", /"profile1" deleted/)
      }), 60_000)

    it.effect("shows and labels nodes", () =>
      Effect.gen(function*() {
        const name = ownName("node")
        const labels = { "node-role.kubernetes.io/worker": "" }
        yield* call("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name, labels } })
        yield* call("PATCH", `/api/v1/nodes/${name}/status`, {
          status: { conditions: [{ type: "Ready", status: "True" }], nodeInfo: { kubeletVersion: "v1.37.0" } }
        }, { "content-type": "application/merge-patch+json" })
        const start = yield* kubectl
        const run = (line: string) => finished(start(line.split(" ")))
        const label = `contract=${name}`
        assert.match(yield* run(`label node ${name} ${label}`), /^node\/\S+ labeled\nexit 0$/)
        const shown = yield* run(`get nodes -l ${label}`)
        assert.match(shown, /^NAME +STATUS +ROLES +AGE +VERSION\nnode-\w+ +Ready +worker +\w+ +v1.37.0\nexit 0$/)
        assert.strictEqual(yield* run(`get nodes -l ${label} -o name`), `node/${name}\nexit 0`)
        yield* call("DELETE", `/api/v1/nodes/${name}`)
      }))

    it.effect("shows changes as they come with get -w", () =>
      Effect.gen(function*() {
        const { cfgs, namespace } = yield* workspace
        const start = yield* kubectl
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
      }), 60_000)
  })
