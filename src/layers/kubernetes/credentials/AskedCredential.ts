/**
 * The part of a kubeconfig user's proof that has to be asked for: exec plug-in, OpenID provider, token file. Who is
 * asked stays the same, and what was got from it is kept, for as long as the user's entry says the same.
 */
import { Effect, FileSystem, Option, Ref, Schema, Semaphore } from "effect"
import { ChildProcessSpawner } from "effect/process"
import path from "node:path"
import { KubernetesCredentialsError } from "../../../services/kubernetes/KubernetesCredentials.ts"
import { ExecConfig, makeExecCredential } from "./ExecCredential.ts"
import { makeTokenFile, tokenAgeNanos } from "./LastGood.ts"
import { makeOidcCredential, OidcConfig } from "./OidcCredential.ts"
import type { Credential } from "./RenewedCredential.ts"

/** What of a context says whom to ask. */
interface CredentialSource {
  readonly cluster: {
    readonly server: string
    readonly caData?: string
    readonly skipTLSVerify?: boolean
    readonly tlsServerName?: string
    readonly proxyUrl?: string
  }
  readonly user: { readonly exec?: unknown; readonly authProvider?: unknown }
  readonly tokenFile: string | undefined
  /** Of the kubeconfig: relative paths begin there. */
  readonly directory: string
}

type Ask = (renew: boolean) => Effect.Effect<Credential, KubernetesCredentialsError>

const decodeExec = Schema.decodeUnknownOption(ExecConfig)
const decodeProvider = Schema.decodeUnknownOption(Schema.Struct({
  name: Schema.String,
  config: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown)))
}))
const decodeOidc = Schema.decodeUnknownOption(OidcConfig)
const decodeAuthorities = Schema.decodeUnknownOption(Schema.Struct({
  "idp-certificate-authority": Schema.optionalKey(Schema.String),
  "idp-certificate-authority-data": Schema.optionalKey(Schema.String)
}))

/** Asks for the credential of a source; an empty one when there is nothing to ask for. */
export const makeAskedCredential = Effect.gen(function*() {
  const services = yield* Effect.context<FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner>()
  const known = yield* Ref.make<{ readonly key: string; readonly ask: Ask } | undefined>(undefined)
  const oneAtATime = yield* Semaphore.make(1)
  const askOf = Effect.fnUntraced(function*(source: CredentialSource) {
    const key = JSON.stringify([source.user.exec, source.user.authProvider, source.tokenFile])
    const before = yield* Ref.get(known)
    if (before?.key === key) return before.ask
    const ask = yield* Effect.provideContext(makeAsk(source), services)
    yield* Ref.set(known, { key, ask })
    return ask
  })
  return Effect.fnUntraced(function*(source: CredentialSource, renew: boolean) {
    // Making one may read a file. The connections begin together, and a refresh-token may be good for one use only.
    const ask = yield* oneAtATime.withPermits(1)(askOf(source))
    return yield* ask(renew)
  })
})

const failure = (cause: string) => new KubernetesCredentialsError({ source: "the kubeconfig", cause })

const isAbsent = (value: unknown) => value === undefined || value === null

const makeAsk = Effect.fnUntraced(function*(source: CredentialSource) {
  const { authProvider, exec } = source.user
  if (!isAbsent(exec)) {
    const config = decodeExec(exec)
    if (Option.isNone(config)) return yield* failure("its exec needs an apiVersion and a command")
    const { command } = config.value
    // A bare name is looked for in PATH (client-go, clientcmd loader).
    const found = command.includes("/") ? path.resolve(source.directory, command) : command
    return yield* makeExecCredential({ ...config.value, command: found }, clusterInfo(source))
  }
  if (!isAbsent(authProvider)) return yield* makeProviderAsk(authProvider)
  if (source.tokenFile === undefined) return () => Effect.succeed<Credential>({})
  const token = yield* makeTokenFile(source.tokenFile)
  return (renew: boolean) => Effect.map(token(renew ? 0n : tokenAgeNanos), (text): Credential => ({ token: text }))
})

const makeProviderAsk = Effect.fnUntraced(function*(authProvider: unknown) {
  const provider = decodeProvider(authProvider)
  const config = Option.flatMap(provider, (value) => decodeOidc(value.config ?? {}))
  const name = Option.match(provider, { onNone: () => "", onSome: (value) => value.name })
  if (name !== "oidc" || Option.isNone(config)) {
    // azure and gcp ended with kubectl 1.26, and client-node would hold up the event loop for them.
    return yield* failure(`its auth-provider ${name} is not supported: use its exec plug-in (exec:) instead`)
  }
  const authorities = Option.getOrElse(
    decodeAuthorities(Option.match(provider, { onNone: () => ({}), onSome: (value) => value.config ?? {} })),
    () => ({})
  )
  return yield* makeOidcCredential(config.value, yield* authorityText(authorities))
})

const authorityText = Effect.fnUntraced(function*(authorities: {
  readonly "idp-certificate-authority"?: string
  readonly "idp-certificate-authority-data"?: string
}) {
  const { "idp-certificate-authority": file, "idp-certificate-authority-data": data } = authorities
  if (data !== undefined && data !== "") return Buffer.from(data, "base64").toString()
  if (file === undefined || file === "") return undefined
  const fileSystem = yield* FileSystem.FileSystem
  return yield* fileSystem.readFileString(file).pipe(
    Effect.mapError((cause) => new KubernetesCredentialsError({ source: file, cause }))
  )
})

/** As `KUBERNETES_EXEC_INFO` spells it (client.authentication.k8s.io/v1, Cluster). */
const clusterInfo = ({ cluster }: CredentialSource) => ({
  server: cluster.server,
  ...(cluster.tlsServerName === undefined ? {} : { "tls-server-name": cluster.tlsServerName }),
  ...(cluster.skipTLSVerify === true ? { "insecure-skip-tls-verify": true } : {}),
  ...(cluster.caData === undefined ? {} : { "certificate-authority-data": cluster.caData }),
  ...(cluster.proxyUrl === undefined ? {} : { "proxy-url": cluster.proxyUrl })
})
