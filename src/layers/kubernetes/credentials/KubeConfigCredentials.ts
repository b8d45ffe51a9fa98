/**
 * Credentials of a person: the kubeconfig that kubectl would use, read and merged as kubectl does. `KubeConfig` of
 * `@kubernetes/client-node` reads the files and makes the credentials. This is the only file that loads that package,
 * and only when this layer is built, so a node in a cluster does not load it. Exec plug-ins and token files, which
 * client-node handles badly or not at all, are in AskedCredential.
 */
import type { Cluster, User } from "@kubernetes/client-node/dist/config_types.js"
import { Config, Effect, FileSystem, Layer, Option, Schema } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import type { RequestOptions } from "node:https"
import path from "node:path"
import {
  KubernetesCredentials,
  KubernetesCredentialsError
} from "../../../services/kubernetes/KubernetesCredentials.ts"
import { makeAskedCredential } from "./AskedCredential.ts"
import { makeLastReadable, tokenAgeNanos } from "./LastReadable.ts"

/** One context with its cluster and user. Without a user the requests are anonymous. */
interface Chosen {
  readonly context: string
  readonly cluster: Cluster
  readonly user: User
  /** client-node does not read it. */
  readonly tokenFile: string | undefined
  /** The directory of the file that defines the user, where relative paths of a plug-in begin. */
  readonly directory: string
}

/**
 * The current context of the default kubeconfig. The layer cannot be built if there is no context or if it has no
 * cluster.
 */
export const layer: Layer.Layer<
  KubernetesCredentials,
  KubernetesCredentialsError,
  FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner
> = Layer.effect(
  KubernetesCredentials,
  Effect.gen(function*() {
    const paths = yield* kubeConfigPaths
    const fileSystem = yield* FileSystem.FileSystem
    const first = yield* load(fileSystem, paths, undefined)
    const server = first.cluster.server
    // A different context, or a different server under the same name, needs a restart: this server must not get its
    // credentials.
    const again = Effect.filterOrFail(
      load(fileSystem, paths, first.context),
      ({ cluster }) => cluster.server === server,
      () => failure(`the context ${first.context} has another server now`)
    )
    const chosen = yield* makeLastReadable(again)
    const asked = yield* makeAskedCredential
    const isPlain = server.startsWith("http:")

    const headers = Effect.fnUntraced(function*({ renew }: { readonly renew: boolean }) {
      // As in kubectl: without TLS the other side is not known, so no credentials are sent.
      if (isPlain) return {}
      const current = yield* chosen(renew ? 0n : tokenAgeNanos)
      const { token } = yield* asked(current, renew)
      return { ...headersOf(yield* optionsOf(current)), ...(token === undefined ? {} : bearer(token)) }
    })
    const tls = Effect.gen(function*() {
      if (isPlain) return {}
      const current = yield* chosen(0n)
      const { cert, key } = yield* asked(current, false)
      return {
        ...tlsOf(yield* optionsOf(current)),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key })
      }
    })
    return { server, headers, tls, ...(first.cluster.proxyUrl === undefined ? {} : { proxy: first.cluster.proxyUrl }) }
  })
)

const failure = (cause: unknown, source = "the kubeconfig") => new KubernetesCredentialsError({ source, cause })

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const setting = (name: string) => Effect.orElseSucceed(Config.String(name), () => "")

/** `KUBECONFIG` may name several files. Without it there is one default path. */
const kubeConfigPaths = Effect.gen(function*() {
  const named = (yield* setting("KUBECONFIG")).split(path.delimiter).filter((file) => file !== "")
  return named.length > 0 ? named : [path.join(yield* setting("HOME"), ".kube", "config")]
})

/** Files are merged as in kubectl: a missing file is skipped, and the first definition of a name counts. */
const load = Effect.fnUntraced(function*(
  fileSystem: FileSystem.FileSystem,
  paths: ReadonlyArray<string>,
  pinnedContext: string | undefined
) {
  const files = yield* Effect.forEach(paths, (file) =>
    fileSystem.readFileString(file).pipe(
      Effect.map((text) => text.trim() === "" ? [] : [{ file, text }]),
      Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed([])),
      Effect.mapError((cause) => failure(cause, file))
    ))
  const present = files.flat()
  if (present.length === 0) {
    return yield* failure(
      `there is none: ${paths.join(", ")} does not exist or is empty, and KUBECONFIG names no other`
    )
  }
  const parsed = yield* Effect.forEach(
    present,
    ({ file, text }) =>
      Effect.tryPromise({ try: () => parseFile(file, text), catch: (error) => failure(parseProblem(error), file) })
  )
  return yield* choose(parsed, pinnedContext)
})

type ParsedFile = Awaited<ReturnType<typeof parseFile>>

const TokenFiles = Schema.Struct({
  users: Schema.Array(Schema.Struct({
    name: Schema.String,
    user: Schema.Struct({ tokenFile: Schema.optionalKey(Schema.String) })
  }))
})
const decodeTokenFiles = Schema.decodeUnknownOption(TokenFiles)

const parseFile = async (file: string, text: string) => {
  // The package's index is avoided, because it loads every model of the API.
  const [{ KubeConfig }, { parse }] = await Promise.all([
    import("@kubernetes/client-node/dist/config.js"),
    import("yaml")
  ])
  // A warning would be printed on stderr together with the line it is about.
  const document: unknown = parse(text, { logLevel: "error" })
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new Error("it is not a kubeconfig")
  }
  const config = new KubeConfig()
  config.loadFromString(text)
  config.makePathsAbsolute(path.dirname(file))
  const users = Option.getOrElse(decodeTokenFiles(document), () => ({ users: [] })).users
  const tokenFiles = users.flatMap(({ name, user: { tokenFile } }) =>
    tokenFile === undefined ? [] : [{ name, tokenFile: path.resolve(path.dirname(file), tokenFile) }]
  )
  return { config, tokenFiles, directory: path.dirname(file) }
}

/** An error of either parser. `yaml` gives no position for an alias without an anchor. */
const isYamlError = Schema.is(
  Schema.Struct({ name: Schema.Literals(["YAMLParseError", "YAMLException", "ReferenceError"]) })
)
const decodeYamlPlace = Schema.decodeUnknownOption(Schema.Struct({
  code: Schema.String,
  linePos: Schema.TupleWithRest(Schema.Tuple([Schema.Struct({ line: Schema.Number, col: Schema.Number })]), [
    Schema.Unknown
  ])
}))
/** An error of `js-yaml`, which client-node uses. Its positions count from 0. */
const decodeYamlException = Schema.decodeUnknownOption(Schema.Struct({
  name: Schema.Literal("YAMLException"),
  mark: Schema.Struct({ line: Schema.Number, column: Schema.Number })
}))
const missingField = /^\w+\[\d+\][.\w]* is missing$/

/**
 * What is wrong and where. The parser's own message is not shown: it quotes the file, and the quoted text may be a
 * token.
 */
const parseProblem = (error: unknown): string => {
  const place = decodeYamlPlace(error)
  if (Option.isSome(place)) {
    const { code, linePos: [{ col, line }] } = place.value
    return `it is not YAML: ${code} at line ${line}, column ${col}`
  }
  const exception = decodeYamlException(error)
  if (Option.isSome(exception)) {
    const { column, line } = exception.value.mark
    return `it is not YAML at line ${line + 1}, column ${column + 1}`
  }
  if (isYamlError(error)) return "it is not YAML"
  return error instanceof Error && missingField.test(error.message) ? error.message : "it is not a kubeconfig"
}

const choose = Effect.fnUntraced(function*(files: ReadonlyArray<ParsedFile>, pinnedContext: string | undefined) {
  const all = <A>(of: (file: ParsedFile) => ReadonlyArray<A>) => files.flatMap((file) => of(file) ?? [])
  const contextName = pinnedContext ?? files.map(({ config }) => config.currentContext).find((name) => !isBlank(name))
  if (contextName === undefined) return yield* failure("it has no current-context: kubectl config use-context NAME")
  const context = all(({ config }) => config.contexts).find(({ name }) => name === contextName)
  if (context === undefined) return yield* failure(`it has no context ${contextName}, which is the current one`)
  const cluster = all(({ config }) => config.clusters).find(({ name }) => name === context.cluster)
  if (cluster === undefined) return yield* failure(`it has no cluster ${context.cluster}, which ${contextName} names`)
  const user = isBlank(context.user)
    ? { name: "anonymous" }
    : all(({ config }) => config.users).find(({ name }) => name === context.user)
  if (user === undefined) return yield* failure(`it has no user ${context.user}, which ${contextName} names`)
  const tokenFile = all((file) => file.tokenFiles).find(({ name }) => name === user.name)?.tokenFile
  const server = cluster.server.replace(/\/+$/, "")
  const directory = files.find(({ config }) => config.users.includes(user))?.directory ?? ""
  return { context: contextName, cluster: { ...cluster, server }, user, tokenFile, directory } satisfies Chosen
})

const isBlank = (text: string | undefined): boolean => text === undefined || text === ""

const decodeProvider = Schema.decodeUnknownOption(Schema.Struct({ name: Schema.String }))

/**
 * What client-node makes of certificates, fixed tokens, passwords, impersonation and the auth-provider `oidc`. It reads
 * the files again.
 */
const optionsOf = Effect.fnUntraced(function*({ cluster, user }: Chosen) {
  const provider: unknown = user.authProvider ?? undefined
  const name = Option.match(decodeProvider(provider), { onNone: () => "", onSome: (decoded) => decoded.name })
  if (provider !== undefined && name !== "oidc") {
    // kubectl 1.26 removed azure and gcp, and client-node runs their commands while the whole program waits.
    return yield* failure(`its auth-provider ${name} is not supported: use its exec plug-in (exec:) instead`)
  }
  return yield* Effect.tryPromise({
    try: async () => {
      const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js")
      const plain = new KubeConfig()
      // Its proxies and exec plug-ins are not used.
      const { exec: _exec, ...plainUser } = user
      const { proxyUrl: _proxyUrl, ...plainCluster } = cluster
      plain.loadFromClusterAndUser(plainCluster, plainUser)
      const requestOptions: RequestOptions = {}
      await plain.applyToHTTPSOptions(requestOptions)
      return requestOptions
    },
    catch: (cause) => failure(cause)
  })
})

const headersOf = ({ auth, headers = {} }: RequestOptions): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value).trim()])),
  // `user:password`, in the form that node:https accepts.
  ...(typeof auth === "string" ? { authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {})
})

const tlsOf = ({ ca, cert, key, rejectUnauthorized, servername }: RequestOptions) => ({
  ...(ca === undefined ? {} : { ca: String(ca) }),
  ...(cert === undefined ? {} : { cert: String(cert) }),
  ...(key === undefined ? {} : { key: String(key) }),
  ...(servername === undefined ? {} : { serverName: servername }),
  skipVerify: rejectUnauthorized === false
})
