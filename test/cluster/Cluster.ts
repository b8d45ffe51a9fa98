/**
 * How a test file of this folder begins: it gets one control plane, in real time, because other processes have no
 * virtual clock. If no control plane can be started, every test is skipped and its name says why.
 */
import { describe, layer, type Vitest } from "@effect/vitest"
import { inject } from "vitest"
import type { ApiServerUnderTest } from "../contract/ApiServerUnderTest.ts"
import * as ControlPlane from "./ControlPlane.ts"

const search = inject("controlPlane")
const missing = search._tag === "Missing" ? search.reason : undefined

/** The programs; empty names where every test is skipped. */
export const binaries = search._tag === "Found" ? search : { etcd: "", kubeApiserver: "", kubectl: "" }

/** What the file's tests have. */
export type ClusterTests = Vitest.MethodsNonLive<ControlPlane.ControlPlane | ApiServerUnderTest>

/** `describe`, with a control plane that starts with its first test. */
export const cluster = (name: string, tests: (it: ClusterTests) => void): void =>
  describeCluster(
    name,
    () => layer(ControlPlane.layer(binaries), { excludeTestServices: true, timeout: "2 minutes" })(tests)
  )

/** `describe` for tests that need the programs. Skipped tests count; nothing of theirs is started. */
export const describeCluster = (name: string, register: () => void): void => {
  describe.skipIf(missing !== undefined)(`${name}${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
    register()
  })
}
