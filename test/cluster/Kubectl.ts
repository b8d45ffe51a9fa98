/**
 * kubectl and the project's own command line, for a test's control plane. Each has a home directory of its own, so
 * nobody's configuration is touched.
 */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import path from "node:path"
import { ApiServerUnderTest } from "../contract/ApiServerUnderTest.ts"
import { ControlPlane } from "./ControlPlane.ts"

/** How a command came out; `text` is both outputs as a terminal shows them. */
export interface KubectlOutcome {
  readonly code: number | null
  readonly text: string
}

/** A program whose words come as one line, without quotes, or as a list; `input` is its stdin. */
export type Kubectl = (words: string | ReadonlyArray<string>, input?: string) => Effect.Effect<KubectlOutcome>

/** A program that finds the API server in a kubeconfig, for the owner of a token. */
const makeProgram = Effect.fnUntraced(function*(command: ReadonlyArray<string>, token: string | undefined) {
  const { directory } = yield* ControlPlane
  const { ca = "", url } = yield* ApiServerUnderTest
  const home = mkdtempSync(path.join(directory, "kubectl-"))
  const kubeconfig = path.join(home, "config")
  writeFileSync(kubeconfig, configText({ url, ca, token }))
  const env = { PATH: process.env["PATH"], HOME: home, KUBECONFIG: kubeconfig }
  const run: Kubectl = (words, input = "") =>
    Effect.callback((resume) => {
      const [file = "", ...all] = [...command, ...(typeof words === "string" ? words.split(" ") : words)]
      const child = spawn(file, all, { env })
      let text = ""
      for (const output of [child.stdout, child.stderr]) output.on("data", (chunk) => text += String(chunk))
      child.once("close", (code) => resume(Effect.succeed({ code, text })))
      child.stdin.end(input)
      return Effect.sync(() => child.kill("SIGKILL"))
    })
  return run
})

/** The administrator's kubectl. */
export const makeKubectl = Effect.gen(function*() {
  const { kubectl } = yield* ControlPlane
  const { adminToken } = yield* ApiServerUnderTest
  return yield* makeProgram([kubectl], adminToken)
})

/** The project's own command line, for the owner of a token. */
export const makeCommandLine = (token: string | undefined) =>
  makeProgram([process.execPath, path.resolve("src/programs/cli/main.ts")], token)

const configText = (
  { ca, token, url }: { readonly url: string; readonly ca: string; readonly token: string | undefined }
) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: "test",
      cluster: { server: url, "certificate-authority-data": Buffer.from(ca).toString("base64") }
    }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test"
  })
