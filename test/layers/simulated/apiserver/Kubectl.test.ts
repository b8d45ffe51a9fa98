/** Every kubectl line that the project tells people to type on the demo's cluster, and what they must not type. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seedNode } from "../../../../src/layers/simulated/apiserver/SeedNode.ts"
import { createPod, podName, withPodLogs } from "../../../../src/programs/cli/demo/DemoPods.ts"
import { kubectlLines } from "../../../../src/programs/cli/demo/KubectlLines.ts"
import { makePodLog } from "../../../../src/programs/cli/demo/PodLog.ts"
import { call } from "../../../contract/ApiClient.ts"
import { isInstalled, kubectl, whySkipped } from "../../../contract/KubectlProgram.ts"
import { dev } from "../../../contract/Workspace.ts"
import { server } from "./EmbeddedServerUnderTest.ts"
import { devs, install } from "./PtpNamespace.ts"

const readme = readFileSync("README.md", "utf8")

/** What stands behind `kubectl` in lines of the text, without the server and a comment. */
const commandsOf = (text: string): ReadonlyArray<string> =>
  text.split("\n").flatMap((line) => /^ *kubectl (?:-s \S+ )?([^#]*[^# ])/.exec(line)?.[1] ?? [])

const worker = seedNode("worker-1", { "node-role.kubernetes.io/worker": "" })
/** What else the demo has for its node, as soon as the namespace is there. */
const daemonOfWorker = Effect.andThen(call("POST", devs, dev("worker-1")), createPod("worker-1"))
const demoServer = Layer.unwrap(
  Effect.map(makePodLog, (log) => server({ front: withPodLogs(new Map([[podName("worker-1"), log]])) }))
)
const port = 8001

const succeed = Effect.fn("succeed")(function*(lines: ReadonlyArray<string>) {
  const run = yield* kubectl
  for (const line of lines) assert.match(yield* run(line), /exit 0$/, line)
})

describe.skipIf(!isInstalled)(`the demo with ${whySkipped}`, () => {
  it.effect("takes the demo's hints for an empty cluster", () =>
    Effect.gen(function*() {
      yield* worker
      const [first = "", ...rest] = commandsOf(kubectlLines({ port, empty: true }))
      yield* succeed([first])
      yield* daemonOfWorker
      assert.isAbove(rest.length, 3)
      yield* succeed(rest)
    }).pipe(Effect.provide(demoServer)), 60_000)

  it.effect("takes the demo's hints for a cluster with examples", () =>
    Effect.gen(function*() {
      yield* worker
      yield* install
      yield* daemonOfWorker
      const lines = commandsOf(kubectlLines({ port, empty: false }))
      assert.isAbove(lines.length, 3)
      yield* succeed(lines)
    }).pipe(Effect.provide(demoServer)), 60_000)

  it.effect("takes the README's lines", () =>
    Effect.gen(function*() {
      const [look = "", ...creates] = commandsOf(readme)
      assert.lengthOf(creates, 6)
      yield* succeed([...creates, look, "explain nodeptpcfg.spec.profile", "explain nodeptpdev.status"])
    }).pipe(Effect.provide(server())), 60_000)

  it.effect("refuses in the README's words", () =>
    Effect.gen(function*() {
      yield* install
      const run = yield* kubectl
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "negative-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
      )
      const example = readFileSync("deploy/nodeptpcfg_cr.yaml", "utf8")
      writeFileSync(join(folder, "negative.yaml"), example.replace("priority: 4", "priority: -1"))
      const [, words = "nothing"] = /^\$ kubectl apply -f negative.yaml\n(.*)\n/m.exec(readme) ?? []
      assert.strictEqual(yield* run(`apply -f ${folder}/negative.yaml`), `${words}\nexit 1`)
    }).pipe(Effect.provide(server())))

  it.effect("says what to use instead of --server-side", () =>
    Effect.gen(function*() {
      yield* install
      const run = yield* kubectl
      for (const command of ["apply --server-side", "diff --server-side"]) {
        const text = yield* run(`${command} -f deploy/nodeptpcfg_cr.yaml`)
        assert.match(
          text,
          /this server has no server-side apply: use kubectl apply without --server-side\)?\nexit [1-9]\d*$/
        )
      }
    }).pipe(Effect.provide(server())))
})
