/**
 * The administrator's kubectl for a test's control plane. It has a home directory of its own, so nobody's configuration
 * is touched.
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

/** A kubectl whose words come as one line, without quotes, or as a list; `input` is its stdin. */
export type Kubectl = (words: string | ReadonlyArray<string>, input?: string) => Effect.Effect<KubectlOutcome>

export const makeKubectl = Effect.gen(function*() {
  const { directory, kubectl } = yield* ControlPlane
  const { adminToken, ca = "", url } = yield* ApiServerUnderTest
  const home = mkdtempSync(path.join(directory, "kubectl-"))
  const kubeconfig = path.join(home, "config")
  writeFileSync(kubeconfig, configText({ url, ca, token: adminToken }))
  const env = { PATH: process.env["PATH"], HOME: home, KUBECONFIG: kubeconfig }
  const run: Kubectl = (words, input = "") =>
    Effect.callback((resume) => {
      const child = spawn(kubectl, typeof words === "string" ? words.split(" ") : words, { env })
      let text = ""
      for (const output of [child.stdout, child.stderr]) output.on("data", (chunk) => text += String(chunk))
      child.once("close", (code) => resume(Effect.succeed({ code, text })))
      child.stdin.end(input)
      return Effect.sync(() => child.kill("SIGKILL"))
    })
  return run
})

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
