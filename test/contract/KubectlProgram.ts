/** Runs the real kubectl from PATH on the server under test. */
import { Effect } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ApiServerUnderTest } from "./ApiServerUnderTest.ts"

/** Suites of kubectl are skipped where it is missing, with this in their names. */
export const isInstalled = spawnSync("kubectl", ["version", "--client"], { stdio: "ignore" }).status === 0
export const whySkipped = "kubectl (skipped when it is not on the PATH)"

/** Starts kubectl with a home of its own, so that nobody's configuration or cache is read or written. */
export const startKubectl = Effect.gen(function*() {
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

/** Runs one line, whose words have no blanks: both outputs and `exit CODE`. */
export const kubectl = Effect.map(
  startKubectl,
  (start) => (line: string, environment?: Readonly<Record<string, string>>) =>
    finished(start(line.split(" "), environment))
)
