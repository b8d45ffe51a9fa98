/**
 * Credentials from an exec plug-in of a kubeconfig, which is run as kubectl runs it (Kubernetes documentation,
 * "client-go credential plugins"). client-node's own code for it has no time limit and no KUBERNETES_EXEC_INFO, and
 * keeps a revoked token. Here one plug-in runs at a time without blocking the event loop, is killed if it takes too
 * long, and its output is checked in every part.
 */
import { Duration, Effect, Option, type PlatformError, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { KubernetesCredentialsError } from "../../../services/kubernetes/KubernetesCredentials.ts"
import { isToken } from "./LastReadable.ts"
import { type Credential, makeRenewedCredential } from "./RenewedCredential.ts"

const optional = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** `users[].user.exec` of a kubeconfig. */
export const ExecConfig = Schema.Struct({
  apiVersion: Schema.String,
  command: Schema.NonEmptyString,
  args: optional(Schema.Array(Schema.String)),
  env: optional(Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.String }))),
  installHint: optional(Schema.String),
  interactiveMode: optional(Schema.String),
  provideClusterInfo: optional(Schema.Boolean)
})
export type ExecConfig = typeof ExecConfig.Type

const decodeCredential = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({
  apiVersion: Schema.String,
  kind: Schema.Literal("ExecCredential"),
  status: Schema.Struct({
    token: optional(Schema.String),
    clientCertificateData: optional(Schema.String),
    clientKeyData: optional(Schema.String),
    expirationTimestamp: optional(Schema.String)
  })
})))

/** Shorter than the time limit of a request, so that the error names the plug-in and not the server. */
const timeLimit = Duration.seconds(25)
const mostOutput = 1_048_576
const longestWords = 300
/** Shorter values are not treated as secrets, so that the plug-in's own words stay readable. */
const shortestSecret = 4

/** Gives the plug-in's credential. `cluster` is told to the plug-in if its entry asks for that. */
export const makeExecCredential = Effect.fnUntraced(
  function*(exec: ExecConfig, cluster: Readonly<Record<string, unknown>>) {
    const { spawn } = yield* ChildProcessSpawner.ChildProcessSpawner
    const fail = (cause: string) =>
      Effect.fail(new KubernetesCredentialsError({ source: `the exec plug-in ${exec.command}`, cause }))

    const run = Effect.gen(function*() {
      const child = yield* spawn(command(exec, cluster)).pipe(
        // Node throws some errors (ENOTDIR, E2BIG). As a defect they would restart the daemon because of a mistake in a
        // kubeconfig.
        Effect.catchDefect((defect) => fail(`it cannot be run: ${errnoOf(defect) ?? "unknown reason"}`))
      )
      const [stdout, stderr] = yield* Effect.all([textOf(child.stdout), textOf(child.stderr)], { concurrency: 2 })
      return { stdout, stderr, code: yield* child.exitCode }
    }).pipe(
      Effect.scoped,
      Effect.catchTag("PlatformError", (error) =>
        fail(
          error.reason._tag === "NotFound"
            ? ["it is not installed", exec.installHint ?? ""].filter((text) => text !== "").join(". ")
            : runProblem(error)
        )),
      Effect.timeoutOrElse({
        duration: timeLimit,
        orElse: () => fail(`no credential in ${Duration.format(timeLimit)}: does it want to ask somebody?`)
      })
    )

    return yield* makeRenewedCredential(Effect.gen(function*() {
      if (exec.interactiveMode === "Always") {
        return yield* fail("its interactiveMode is Always, and nobody is here to ask")
      }
      const { code, stderr, stdout } = yield* run
      if (code !== 0) return yield* fail(`it ended with ${code}: ${wordsOf(exec, stderr)}`)
      const credential = credentialIn(stdout, exec.apiVersion)
      if (typeof credential === "string") {
        return yield* fail(`${credential}${stderr === "" ? "" : `: ${wordsOf(exec, stderr)}`}`)
      }
      return credential
    }))
  }
)

const command = (exec: ExecConfig, cluster: Readonly<Record<string, unknown>>): ChildProcess.Command => {
  const spec = { interactive: false, ...(exec.provideClusterInfo === true ? { cluster } : {}) }
  return ChildProcess.make(exec.command, exec.args ?? [], {
    stdin: "ignore",
    env: {
      ...Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion: exec.apiVersion, kind: "ExecCredential", spec })
    },
    extendEnv: true,
    killSignal: "SIGKILL"
  })
}

/**
 * The credential, or what is wrong with the output. The output itself is not shown, because it may contain half a
 * token.
 */
const credentialIn = (output: string, apiVersion: string): Credential | string => {
  const decoded = decodeCredential(output)
  if (Option.isNone(decoded)) return "it did not print an ExecCredential"
  const { clientCertificateData: cert, clientKeyData: key, expirationTimestamp, token } = decoded.value.status
  if (decoded.value.apiVersion !== apiVersion) return `it printed ${decoded.value.apiVersion}, not ${apiVersion}`
  if (typeof token === "string" && !isToken(token)) return "its token is not one word of ASCII"
  const hasToken = typeof token === "string"
  const hasCertificate = typeof cert === "string" && typeof key === "string"
  if (!hasToken && !hasCertificate) return "it printed neither a token nor a certificate with its key"
  const expiresAtMillis = Date.parse(expirationTimestamp ?? "")
  return {
    ...(hasToken ? { token } : {}),
    ...(hasCertificate ? { cert, key } : {}),
    ...(Number.isNaN(expiresAtMillis) ? {} : { expiresAtMillis })
  }
}

/** Read to its end, so that the program is not blocked. Only a limited part is kept. */
const textOf = <E>(bytes: Stream.Stream<Uint8Array, E>) =>
  bytes.pipe(
    Stream.decodeText,
    Stream.runFold(() => "", (text, more) => text.length < mostOutput ? text + more : text)
  )

const decodeErrno = Schema.decodeUnknownOption(Schema.Struct({ code: Schema.String }))
const errnoOf = (error: unknown) => Option.getOrUndefined(decodeErrno(error))?.code

/** The message of a PlatformError contains the whole command line, which may contain a secret. */
const runProblem = ({ cause, reason }: PlatformError.PlatformError): string => {
  const signal = cause instanceof Error ? /signal: '(\w+)'/.exec(cause.message)?.[1] : undefined
  return signal === undefined ? `it cannot be run: ${errnoOf(cause) ?? reason._tag}` : `it was ended by ${signal}`
}

/** The last words as one line. A plug-in may repeat the values that it was given; these are hidden. */
const wordsOf = (exec: ExecConfig, text: string): string =>
  givenTo(exec).reduce((shown, given) => shown.replaceAll(given, "***"), text).replace(/\s+/g, " ").trim()
    .slice(-longestWords)

/**
 * The values of arguments and variables, the longest first, because one may be part of another. Of `--name=value` and
 * `-nvalue` only the value.
 */
const givenTo = ({ args, env }: ExecConfig): ReadonlyArray<string> =>
  [
    ...(args ?? []).map((arg) => /^(?:--[^=]*$|--?[^=]*=|-.)?(.*)$/s.exec(arg)?.[1] ?? ""),
    ...(env ?? []).map(({ value }) => value)
  ].filter((value) => value.length >= shortestSecret).toSorted((a, b) => b.length - a.length)
