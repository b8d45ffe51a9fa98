/**
 * An etcd with one member on UNIX sockets in a test's own directory. It needs no port, and nobody else can reach it.
 */
import { Effect, Schedule, Schema, type Scope } from "effect"
import { request } from "node:http"
import path from "node:path"
import { startOwned, type UnexpectedEnd } from "./OwnedProcess.ts"

// Files in the directory in which etcd runs; 3.4 wants them to look like a host and a port.
const clients = "unix://etcd.sock:1"
const peers = "unix://peers.sock:1"

export interface Etcd {
  /** For the `--etcd-servers` of a kube-apiserver that runs in the same directory. */
  readonly url: string
  /** Forgets every revision before the newest one. */
  readonly compact: Effect.Effect<void>
}

class EtcdError extends Schema.TaggedError<EtcdError>()("EtcdError", { path: Schema.String, cause: Schema.Defect() }) {
  override get message(): string {
    return `etcd ${this.path}: ${String(this.cause)}`
  }
}

const Range = Schema.fromJsonString(Schema.Struct({ header: Schema.Struct({ revision: Schema.String }) }))

/** Starts it and waits until it answers. */
export const startEtcd = Effect.fn("startEtcd")(function*(
  program: string,
  directory: string
): Effect.fn.Return<Etcd, UnexpectedEnd, Scope.Scope> {
  const etcd = yield* startOwned({
    program,
    words: [
      "--name=test",
      `--data-dir=${path.join(directory, "etcd")}`,
      `--listen-client-urls=${clients}`,
      `--advertise-client-urls=${clients}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=test=${peers}`
    ],
    directory,
    output: path.join(directory, "etcd.log"),
    // Nothing here has to outlive the machine. As a flag it would stop an etcd that does not know it, as Debian's 3.4.
    environment: { ETCD_UNSAFE_NO_FSYNC: "true" }
  })
  const socket = path.join(directory, new URL(clients).host)
  // etcd's gRPC gateway: JSON over HTTP, bytes in base64.
  const call = (method: string, body: object) => post(socket, `/v3/kv/${method}`, JSON.stringify(body))
  const newestRevision = call("range", { key: Buffer.from("/").toString("base64"), limit: 1 }).pipe(
    Effect.flatMap(Schema.decodeEffect(Range)),
    Effect.map(({ header }) => header.revision)
  )
  yield* newestRevision.pipe(
    Effect.retry(Schedule.spaced("20 millis")),
    // An endless schedule can't fail.
    Effect.orDie,
    Effect.raceFirst(etcd.death)
  )
  return {
    url: clients,
    compact: newestRevision.pipe(
      Effect.flatMap((revision) => call("compaction", { revision, physical: true })),
      Effect.asVoid,
      Effect.orDie
    )
  }
})

const post = (socketPath: string, url: string, body: string): Effect.Effect<string, EtcdError> =>
  Effect.callback((resume) => {
    const failed = (cause: unknown) => resume(Effect.fail(new EtcdError({ path: url, cause })))
    const asked = request({ socketPath, path: url, method: "POST" }, (response) => {
      let text = ""
      response.on("data", (chunk) => text += String(chunk)).on("error", failed).on("end", () => {
        if (response.statusCode === 200) return resume(Effect.succeed(text))
        failed(`${response.statusCode}: ${text}`)
      })
    }).on("error", failed)
    asked.end(body)
    return Effect.sync(() => asked.destroy())
  })
