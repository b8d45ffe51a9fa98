/**
 * A Kubernetes control plane for one test file: etcd and kube-apiserver on loopback, in a temporary directory, with TLS
 * and RBAC. The contract's suites run on it. It also has what only a real server has: an audit log, service-account
 * tokens, restarts, a new CA. It is removed when the scope ends, or this process.
 */
import { Context, Effect, Layer, Schedule } from "effect"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { request } from "node:https"
import os from "node:os"
import path from "node:path"
import { ApiServerUnderTest } from "../contract/ApiServerUnderTest.ts"
import { type AuditedRequest, readAuditLog } from "./AuditLog.ts"
import { makeAuthority } from "./CertificateAuthority.ts"
import type { ControlPlaneBinaries } from "./ControlPlaneBinaries.ts"
import { startEtcd } from "./Etcd.ts"
import { makeKubeApiserver, prepare } from "./KubeApiserver.ts"
import type { UnexpectedEnd } from "./OwnedProcess.ts"

export class ControlPlane extends Context.Service<ControlPlane, {
  readonly port: number
  /** Temporary files of this control plane; a test may add its own. */
  readonly directory: string
  /** PEM of the CA of its first certificate, and of no other. */
  readonly authority: string
  /** The program that fits the server. */
  readonly kubectl: string
  readonly startApiServer: Effect.Effect<void>
  readonly stopApiServer: (signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  /** Gives the API server a certificate of another CA, whose own certificate it returns, and restarts it. */
  readonly changeAuthority: Effect.Effect<string>
  /** Every request that was answered so far, watches from their beginning on. */
  readonly audited: Effect.Effect<ReadonlyArray<AuditedRequest>>
}>()("linuxptp-daemon/test/cluster/ControlPlane") {}

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(path.join(os.tmpdir(), "control-plane-"))),
  (name) => Effect.sync(() => rmSync(name, { recursive: true, force: true }))
)

const make = Effect.fnUntraced(function*(binaries: ControlPlaneBinaries) {
  const files = yield* directory
  const adminToken = randomBytes(16).toString("hex")
  const authority = yield* makeAuthority(files, "ca")
  const nextAuthority = yield* makeAuthority(files, "next-ca")
  // The administrator trusts both from the start, so that only the daemon sees the change.
  const ca = authority.certificate + nextAuthority.certificate
  const serving = yield* prepare({ directory: files, adminToken })
  yield* authority.sign(serving)
  const etcd = yield* startEtcd(binaries.etcd, files)
  const isReady = (port: number) => untilReady({ port, ca, adminToken })
  const options = { program: binaries.kubeApiserver, directory: files, etcd: etcd.url, adminToken }
  const started = Effect.tap(makeKubeApiserver(options, isReady), ({ start }) => start)
  // The port that was free a moment ago may be somebody's now.
  const server = yield* Effect.retry(started, { times: 2 })
  const start = Effect.orDie(server.start)
  const restart = Effect.andThen(server.stop("SIGTERM"), start)
  const url = `https://127.0.0.1:${server.port}`
  const controlPlane = ControlPlane.of({
    port: server.port,
    directory: files,
    authority: authority.certificate,
    kubectl: binaries.kubectl,
    startApiServer: start,
    stopApiServer: server.stop,
    changeAuthority: nextAuthority.sign(serving).pipe(Effect.andThen(restart), Effect.as(nextAuthority.certificate)),
    audited: readAuditLog(serving.audit)
  })
  return Context.make(ControlPlane, controlPlane).pipe(
    // The API server still knows what etcd forgot, until it begins anew.
    Context.add(ApiServerUnderTest, { url, ca, adminToken, compact: Effect.andThen(etcd.compact, restart) })
  )
})

/** Starts one, which takes a few seconds. */
export const layer = (
  binaries: ControlPlaneBinaries
): Layer.Layer<ControlPlane | ApiServerUnderTest, UnexpectedEnd> => Layer.effectContext(make(binaries))

interface Asked {
  readonly port: number
  readonly ca: string
  readonly adminToken: string
}

/** Asks again until everything that a start begins is done: roles, priority classes, the kinds of stored CRDs. */
const untilReady = (asked: Asked): Effect.Effect<void> =>
  readyz(asked).pipe(
    Effect.repeat({ until: (status) => status === 200, schedule: Schedule.spaced("50 millis") }),
    Effect.asVoid
  )

/** Status of one answer; 0 without one. */
const readyz = ({ adminToken, ca, port }: Asked): Effect.Effect<number> =>
  Effect.callback((resume) => {
    const headers = { authorization: `Bearer ${adminToken}` }
    const sent = request({ host: "127.0.0.1", port, path: "/readyz", ca, headers, agent: false }, (response) => {
      response.resume().once("error", () => {})
      resume(Effect.succeed(response.statusCode ?? 0))
    }).on("error", () => resume(Effect.succeed(0)))
    sent.end()
    return Effect.sync(() => sent.destroy())
  })
