/**
 * A kube-apiserver on a loopback port with RBAC, TLS, service-account tokens and an audit log, and without features
 * that no test needs.
 */
import { Effect, Exit, Scope } from "effect"
import { generateKeyPairSync } from "node:crypto"
import { writeFileSync } from "node:fs"
import { createServer } from "node:net"
import path from "node:path"
import { startOwned, type UnexpectedEnd } from "./OwnedProcess.ts"

export interface KubeApiserverOptions {
  readonly program: string
  readonly directory: string
  readonly etcd: string
  readonly adminToken: string
}

/** What the servers of one directory share, so that one which is started again is the same to its clients. */
const filesOf = (directory: string) => ({
  certificate: path.join(directory, "serving.crt"),
  key: path.join(directory, "serving.key"),
  audit: path.join(directory, "audit.log"),
  log: path.join(directory, "kube-apiserver.log")
})

// The server's own requests on its loopback tell nothing of its clients.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: None
    users: ["system:apiserver"]
  - level: Metadata
`

/** Writes everything that it reads at its start but for its certificate, and returns where its files are. */
export const prepare = ({ adminToken, directory }: Pick<KubeApiserverOptions, "adminToken" | "directory">) =>
  Effect.sync(() => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const write = (name: string, text: string) => writeFileSync(path.join(directory, name), text, { mode: 0o600 })
    write("service-account.key", privateKey.export({ type: "pkcs8", format: "pem" }).toString())
    write("tokens.csv", `${adminToken},admin,admin,"system:masters"\n`)
    write("audit-policy.yaml", auditPolicy)
    return filesOf(directory)
  })

const wordsOf = ({ directory, etcd }: KubeApiserverOptions, port: number) => {
  const file = (name: string) => path.join(directory, name)
  const { audit, certificate, key } = filesOf(directory)
  return [
    `--etcd-servers=${etcd}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--tls-cert-file=${certificate}`,
    `--tls-private-key-file=${key}`,
    `--cert-dir=${directory}`,
    `--token-auth-file=${file("tokens.csv")}`,
    "--anonymous-auth=false",
    "--authorization-mode=RBAC",
    "--allow-privileged=true",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${file("service-account.key")}`,
    `--service-account-signing-key-file=${file("service-account.key")}`,
    "--service-cluster-ip-range=10.0.0.0/24",
    `--audit-policy-file=${file("audit-policy.yaml")}`,
    `--audit-log-path=${audit}`,
    // A request goes on when its record is written.
    "--audit-log-mode=blocking",
    "--endpoint-reconciler-type=none",
    "--enable-priority-and-fairness=false",
    // Else a stop waits a minute for watches to end, which it does not tell of it.
    "--shutdown-watch-termination-grace-period=1s",
    "--profiling=false"
  ]
}

export interface KubeApiserver {
  readonly port: number
  /** Begins to run, at the same port as ever; returns when `isReady` has succeeded. */
  readonly start: Effect.Effect<void, UnexpectedEnd>
  /** Ends it: SIGTERM as in an upgrade, SIGKILL as in an accident. */
  readonly stop: (signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
}

/** A server that does not run yet. The port is free now; whoever takes it meanwhile makes the start fail. */
export const makeKubeApiserver = Effect.fn("makeKubeApiserver")(function*(
  options: KubeApiserverOptions,
  isReady: (port: number) => Effect.Effect<void>
) {
  const outer = yield* Effect.scope
  const port = yield* freePort
  const { directory, program } = options
  const { log } = filesOf(directory)
  let running:
    | { readonly end: (signal: NodeJS.Signals) => Effect.Effect<void>; readonly scope: Scope.Closeable }
    | undefined
  return {
    port,
    start: Effect.gen(function*() {
      const scope = yield* Scope.fork(outer)
      const server = yield* startOwned({ program, words: wordsOf(options, port), directory, output: log }).pipe(
        Scope.provide(scope)
      )
      running = { end: server.end, scope }
      yield* Effect.raceFirst(isReady(port), server.death)
    }),
    stop: Effect.fnUntraced(function*(signal) {
      if (running === undefined) return
      yield* running.end(signal)
      yield* Scope.close(running.scope, Exit.void)
      running = undefined
    })
  } satisfies KubeApiserver
})

const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() =>
      resume(typeof address === "object" && address !== null ? Effect.succeed(address.port) : Effect.die(address))
    )
  })
})
