/** A signal that would open node's debugger, sent to the program as a process of its own. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"

const kubeconfig = JSON.stringify({
  clusters: [{ name: "none", cluster: { server: "http://127.0.0.1:1" } }],
  contexts: [{ name: "none", context: { cluster: "none", user: "none" } }],
  users: [{ name: "none", user: {} }],
  "current-context": "none"
})

/** What the daemon writes to stderr, and how it ends, if it gets SIGUSR1 and then SIGTERM. */
const signalled = Effect.fnUntraced(function*(flags: ReadonlyArray<string>) {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(path.join(tmpdir(), "linuxptp-daemon-signal-"))),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
  )
  writeFileSync(path.join(directory, "kubeconfig"), kubeconfig)
  const ended = yield* Deferred.make<number | string>()
  let errors = ""
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [...flags, "src/programs/cli/main.ts", "run"], {
        env: {
          PATH: process.env["PATH"],
          KUBECONFIG: path.join(directory, "kubeconfig"),
          NODE_NAME: "worker-1",
          LINUXPTP_RUN_DIR: path.join(directory, "run"),
          LINUXPTP_STATE_DIR: path.join(directory, "state"),
          METRICS_PORT: "0",
          HEALTH_PORT: "0"
        }
      })
      child.stderr.on("data", (bytes) => void (errors += String(bytes)))
      child.stdout.once("data", () => {
        child.kill("SIGUSR1")
        child.kill("SIGTERM")
      })
      child.on("exit", (code, signal) => Deferred.doneUnsafe(ended, Effect.succeed(code ?? signal ?? "")))
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  return { end: yield* Deferred.await(ended), errors }
}, Effect.scoped)

describe.skipIf(process.platform !== "linux")("SIGUSR1", () => {
  it.effect.each([[["--disable-sigusr1"]], [[]]])(
    "neither ends the daemon nor opens a debugger, with flags %j",
    ([flags]) =>
      Effect.gen(function*() {
        const { end, errors } = yield* signalled(flags ?? [])
        assert.strictEqual(end, 0)
        assert.notInclude(errors, "Debugger")
      })
  )
})
