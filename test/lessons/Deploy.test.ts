/** What a cluster without OpenShift needs: plain manifests, and no more rights than the device cgroup enforces. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { parseAllDocuments } from "yaml"

const documents: ReadonlyArray<Record<string, unknown>> = readdirSync("deploy").filter((name) => name.endsWith(".yaml"))
  .flatMap((name) => parseAllDocuments(readFileSync(`deploy/${name}`, "utf8")).map((document) => document.toJS()))

const daemonSet = readFileSync("deploy/ptp-daemon.yaml", "utf8")

describe("deploy/", () => {
  it("has objects of plain Kubernetes and our own alone (L-52 only on OpenShift)", () => {
    const groups = documents.map(({ apiVersion }) => String(apiVersion).replace(/\/?v1$/, ""))
    assert.deepStrictEqual([...new Set(groups)].toSorted(), [
      "",
      "admissionregistration.k8s.io",
      "apiextensions.k8s.io",
      "apps",
      "ptp.openshift.io",
      "rbac.authorization.k8s.io"
    ])
  })

  it("has a read-only root, few capabilities and no view of the host's processes (L-52 only on OpenShift)", () => {
    assert.include(daemonSet, "readOnlyRootFilesystem: true")
    assert.include(daemonSet, "drop: [ALL]")
    assert.notMatch(daemonSet, /^ *host(PID|IPC): true/m)
  })

  it("has probes of startup and liveness that depend on no port", () => {
    const probes = daemonSet.slice(daemonSet.indexOf("startupProbe:"), daemonSet.indexOf("readinessProbe:"))
    assert.include(probes, "livenessProbe:")
    assert.notMatch(probes, /httpGet|tcpSocket|grpc/)
  })
})
