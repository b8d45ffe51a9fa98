/**
 * The credentials of a kubeconfig user that must be asked for: from an exec plug-in or a token file. As long as the
 * user's entry stays the same, the same plug-in or file is used, and its credential is kept.
 */
import { Effect, type FileSystem, Option, Schema, SynchronizedRef } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import path from "node:path"
import { KubernetesCredentialsError } from "../../../services/kubernetes/KubernetesCredentials.ts"
import { ExecConfig, makeExecCredential } from "./ExecCredential.ts"
import { makeTokenFile, tokenAgeNanos } from "./LastReadable.ts"
import type { Credential } from "./RenewedCredential.ts"

/** The parts of a context that say where the credential comes from. */
interface CredentialSource {
  readonly cluster: {
    readonly server: string
    readonly caData?: string
    readonly skipTLSVerify?: boolean
    readonly tlsServerName?: string
    readonly proxyUrl?: string
  }
  readonly user: { readonly exec?: unknown }
  readonly tokenFile: string | undefined
  /** The directory of the kubeconfig, where relative paths begin. */
  readonly directory: string
}

type Ask = (renew: boolean) => Effect.Effect<Credential, KubernetesCredentialsError>

const decodeExec = Schema.decodeUnknownOption(ExecConfig)

/** Asks a source for its credential. The credential is empty if the source names nothing to ask. */
export const makeAskedCredential = Effect.gen(function*() {
  const services = yield* Effect.context<FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner>()
  const known = yield* SynchronizedRef.make<{ readonly key: string; readonly ask: Ask } | undefined>(undefined)
  return Effect.fnUntraced(function*(source: CredentialSource, renew: boolean) {
    const key = JSON.stringify([source.user.exec, source.tokenFile])
    // One question at a time: all connections start together and must not each start the plug-in.
    const ask = yield* SynchronizedRef.modifyEffect(known, (before) =>
      Effect.map(
        before?.key === key ? Effect.succeed(before.ask) : Effect.provideContext(makeAsk(source), services),
        (made) => [made, { key, ask: made }] as const
      ))
    return yield* ask(renew)
  })
})

const makeAsk = Effect.fnUntraced(function*(source: CredentialSource): Effect.fn.Return<
  Ask,
  KubernetesCredentialsError,
  FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner
> {
  const { exec } = source.user
  if (exec !== undefined && exec !== null) {
    const config = decodeExec(exec)
    if (Option.isNone(config)) {
      return yield* new KubernetesCredentialsError({
        source: "the kubeconfig",
        cause: "its exec needs an apiVersion and a command"
      })
    }
    const { command } = config.value
    // A name without a slash is looked for in PATH (client-go, clientcmd loader).
    const found = command.includes("/") ? path.resolve(source.directory, command) : command
    return yield* makeExecCredential({ ...config.value, command: found }, clusterInfo(source))
  }
  if (source.tokenFile === undefined) return () => Effect.succeed({})
  const token = yield* makeTokenFile(source.tokenFile)
  return (renew) => Effect.map(token(renew ? 0n : tokenAgeNanos), (text) => ({ token: text }))
})

/** In the form of `KUBERNETES_EXEC_INFO` (client.authentication.k8s.io/v1, Cluster). */
const clusterInfo = ({ cluster }: CredentialSource) => ({
  server: cluster.server,
  ...(cluster.tlsServerName === undefined ? {} : { "tls-server-name": cluster.tlsServerName }),
  ...(cluster.skipTLSVerify === true ? { "insecure-skip-tls-verify": true } : {}),
  ...(cluster.caData === undefined ? {} : { "certificate-authority-data": cluster.caData }),
  ...(cluster.proxyUrl === undefined ? {} : { "proxy-url": cluster.proxyUrl })
})
