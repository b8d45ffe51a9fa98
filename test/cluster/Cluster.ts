/**
 * How a cluster test file begins: one control plane for the file, in real time, because servers of other processes
 * know no other. Where there is nothing to start, every test is skipped and its name says why.
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
