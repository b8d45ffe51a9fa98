import { assert, describe, it } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { seedNode } from "../../../../src/layers/kubernetes/embedded/SeedNode.ts"
import { EmbeddedApiServer } from "../../../../src/layers/kubernetes/EmbeddedApiServer.ts"
import { server } from "./ApiClient.ts"

const deploy = new URL("../../../../deploy", import.meta.url).pathname
const isInstalled = spawnSync("kubectl", ["version", "--client"], { stdio: "ignore" }).status === 0

/** kubectl with a home of its own, so that nobody's configuration or cache is read or written. */
const kubectl = Effect.gen(function*() {
  const { url } = yield* EmbeddedApiServer
  const home = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "kubectl-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  return (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
    spawn("kubectl", ["--server", url, "--cache-dir", join(home, "cache"), ...args], {
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

// Skipped where there is no kubectl on the PATH: the HTTP tests beside this one say the same to a server.
describe.skipIf(!isInstalled)("kubectl (skipped when it is not on the PATH)", () => {
  it.effect("creates, shows, edits, patches, labels, applies, explains and deletes", () =>
    Effect.gen(function*() {
      yield* seedNode("worker-1", { "node-role.kubernetes.io/worker": "" })
      const start = yield* kubectl
      const run = (line: string, environment?: Readonly<Record<string, string>>) =>
        finished(start(line.split(" "), environment))
      const expectOutput = Effect.fn("expectOutput")(function*(line: string, ...parts: ReadonlyArray<RegExp>) {
        const output = yield* run(line)
        for (const part of [...parts, /exit 0$/]) assert.match(output, part, line)
      })
      for (const file of ["00-ns", "01-crd", "02-rbac", "ptp-daemon", "nodeptpcfg_cr"]) {
        yield* expectOutput(`create -f ${deploy}/${file}.yaml`, /created/)
      }
      yield* expectOutput("-n ptp get nodeptpcfgs", /^NAME +PROFILES +AGE\nprofile1 +profile1 +\d+s\n/)
      yield* expectOutput("-n ptp get ptpdev", /No resources found/)
      yield* expectOutput("-n ptp get ptpcfg profile1 -o yaml", /ptp4lOpts: -s -2/, /generation: 1/)
      yield* expectOutput("get nodes", /^NAME +STATUS +ROLES +AGE +VERSION\nworker-1 +Ready +worker/)
      yield* expectOutput("label node worker-1 ptp=yes", /node\/worker-1 labeled/)
      yield* expectOutput("get nodes -l ptp=yes -o name", /^node\/worker-1\n/)
      const edited = yield* run("-n ptp edit ptpcfg profile1", { KUBE_EDITOR: "sed -i s/priority:.4/priority:\\ 5/" })
      assert.match(edited, /nodeptpcfg.ptp.openshift.io\/profile1 edited\nexit 0$/)
      const wrong = yield* run(`-n ptp patch ptpcfg profile1 --type=merge -p {"spec":{"recommend":[{"priority":0}]}}`)
      assert.match(wrong, /The NodePTPCfg "profile1" is invalid: \n\* spec.recommend\[0\].profile: Required value\n/)
      const negative = `[{"op":"replace","path":"/spec/recommend/0/priority","value":-1}]`
      assert.strictEqual(
        yield* run(`-n ptp patch ptpcfg profile1 --type=json -p ${negative}`),
        "The NodePTPCfg \"profile1\" is invalid: spec.recommend[0].priority: Invalid value: -1: " +
          "should be greater than or equal to 0, which is the highest priority\nexit 1"
      )
      yield* expectOutput(`apply -f ${deploy}/nodeptpcfg_cr.yaml`, /profile1 configured/)
      yield* expectOutput(`apply --server-side -f ${deploy}/nodeptpcfg_cr.yaml`, /profile1 serverside-applied/)
      yield* expectOutput(
        "-n ptp get ptpcfg profile1 -o yaml --show-managed-fields",
        /manager: kubectl\n +operation: Apply/
      )
      yield* expectOutput("explain nodeptpcfg.spec.profile.ptp4lOpts", /Options of ptp4l as typed on a command line/)
      yield* expectOutput("auth can-i create nodeptpcfgs", /^yes\n/)
      yield* expectOutput("create namespace other", /namespace\/other created/)
      yield* expectOutput("-n ptp delete ptpcfg profile1", /"profile1" deleted/)
      yield* expectOutput(`delete -f ${deploy}/00-ns.yaml`, /namespace "ptp" deleted/)
      yield* expectOutput("get daemonsets -A", /No resources found/)
    }).pipe(Effect.provide(server())), 60_000)

  it.effect("shows changes as they come with get -w", () =>
    Effect.gen(function*() {
      const start = yield* kubectl
      yield* finished(start(["create", "-f", `${deploy}/00-ns.yaml`]))
      const lines = yield* Queue.unbounded<string>()
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => start(["get", "namespaces", "-w"])),
        (running) => Effect.sync(() => running.kill())
      )
      const { stdout } = child
      assert.isNotNull(stdout)
      createInterface({ input: stdout }).on("line", (line) => Queue.offerUnsafe(lines, line))
      for (const name of ["NAME", "default", "kube-system", "ptp"]) {
        assert.isTrue((yield* Queue.take(lines)).startsWith(name))
      }
      yield* finished(start(["create", "namespace", "later"]))
      assert.match(yield* Queue.take(lines), /^later +Active/)
    }).pipe(Effect.provide(server())), 60_000)
})
