/**
 * The command `status`: prints every node of the cluster in one table, those with problems first. A daemon that was
 * killed cannot take its status back, so the command asks for the readiness of Nodes and Pods too. The exit code is 0
 * when all is well, 1 when a node has a problem, 2 when it cannot tell.
 */
import {
  Config,
  Console,
  Effect,
  Equal,
  type FileSystem,
  Layer,
  Option,
  Result,
  Runtime,
  Schedule,
  Schema,
  Stream
} from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { ChildProcessSpawner } from "effect/process"
import * as KubeConfigCredentials from "../../layers/kubernetes/credentials/KubeConfigCredentials.ts"
import * as PlainCredentials from "../../layers/kubernetes/credentials/PlainCredentials.ts"
import * as HttpKubernetesApi from "../../layers/kubernetes/HttpKubernetesApi.ts"
import { KubernetesApi } from "../../services/kubernetes/KubernetesApi.ts"
import type {
  KubernetesCredentials,
  KubernetesCredentialsError
} from "../../services/kubernetes/KubernetesCredentials.ts"
import type { ResourceType } from "../../services/kubernetes/KubernetesObject.ts"
import { nodes } from "../../services/kubernetes/Node.ts"
import { nodePTPDevs } from "../../services/kubernetes/NodePTPDev.ts"
import { pods } from "../../services/kubernetes/Readiness.ts"
import { exitCodeOf, type NodeRow, nodeRows, notesOn, renderRows, rowsJson } from "./StatusRows.ts"
import { printable } from "./Table.ts"

/** The command line was understood, but a node has a problem (1), or nothing can be told (2). */
class NotWell extends Schema.TaggedError<NotWell>()("NotWell", { exitCode: Schema.Int, message: Schema.String }) {
  override readonly [Runtime.errorExitCode] = this.exitCode
  override readonly [Runtime.errorReported] = this.message !== ""
}

const cannotTell = ({ message }: { readonly message: string }) => new NotWell({ exitCode: 2, message })

/** `undefined` if the reader may not see the kind. */
const seen = (resource: ResourceType) =>
  KubernetesApi.use((api) => api.list(resource)).pipe(
    Effect.map((objects) => new Map(objects.map((object) => [object.metadata.name, object]))),
    Effect.catchIf(({ reason }) => reason === "Denied", () => Effect.succeed(undefined))
  )

/** The rows of now, and what could not be seen. */
const look = Effect.fnUntraced(function*(names: ReadonlyArray<string>) {
  const [objects, nodesSeen, podsSeen] = yield* Effect.all(
    [KubernetesApi.use((api) => api.list(nodePTPDevs)), seen(nodes), seen(pods)],
    { concurrency: "unbounded" }
  )
  const witnesses = { nodes: nodesSeen, pods: podsSeen }
  return { rows: nodeRows(objects, witnesses, names), notes: notesOn(witnesses) }
})

const tellNotes = (notes: ReadonlyArray<string>) =>
  Effect.forEach(notes, (note) => Console.error(`note: ${printable(note)}`), { discard: true })

/** A watch on Nodes would bring each heartbeat of each kubelet; a list now and then is enough for a person. */
const watchPeriod = "5 seconds"

const watch = (names: ReadonlyArray<string>, render: (rows: ReadonlyArray<NodeRow>) => string) =>
  Stream.fromEffectSchedule(Effect.result(look(names)), Schedule.spaced(watchPeriod)).pipe(
    Stream.map((looked) =>
      Result.match(looked, {
        onFailure: ({ message }) => ({ text: "", notes: [message] }),
        onSuccess: ({ notes, rows }) => ({ text: render(rows), notes })
      })
    ),
    Stream.changesWith((a, b) => Equal.equals(a, b)),
    Stream.runForEach(({ notes, text }) =>
      Effect.andThen(tellNotes(notes), text === "" ? Effect.void : Console.log(text))
    )
  )

const kubernetes = (server: Option.Option<string>) =>
  Layer.unwrap(
    Config.String("POD_NAMESPACE").pipe(
      Config.withDefault("ptp"),
      Config.map((namespace) => HttpKubernetesApi.layer({ namespace, nodeName: "", component: "linuxptp-daemon-cli" }))
    )
  ).pipe(Layer.provide(credentials(server)))

const credentials = (server: Option.Option<string>): Layer.Layer<
  KubernetesCredentials,
  KubernetesCredentialsError,
  FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner
> =>
  Option.isSome(server)
    ? PlainCredentials.layer({ server: server.value })
    : KubeConfigCredentials.layer.pipe(
      Layer.tapError(() => Console.error("hint: --server URL asks an API server without authentication, as the demo's"))
    )

const flags = {
  nodes: Argument.String("node").pipe(
    Argument.withDescription("only these nodes; default: all"),
    Argument.variadic()
  ),
  watch: Flag.Boolean("watch").pipe(
    Flag.withAlias("w"),
    Flag.withDefault(false),
    Flag.withDescription("print again when something has changed, until it is ended")
  ),
  output: Flag.Literals("output", ["text", "json"]).pipe(
    Flag.withAlias("o"),
    Flag.withDefault("text"),
    Flag.withDescription("text: a table for people, json: an array of objects")
  ),
  server: Flag.String("server").pipe(
    Flag.withAlias("s"),
    Flag.withMetavar("URL"),
    Flag.withDescription("an API server without authentication, as the demo's; default: the current kubeconfig"),
    Flag.optional
  )
}

/** The subcommand `status`. It reads the cluster of the current kubeconfig, or the server given as an option. */
export const statusCommand = Command.make(
  "status",
  flags,
  ({ nodes: names, output, server, watch: isWatched }) =>
    Effect.gen(function*() {
      if (isWatched) return yield* watch(names, output === "json" ? (rows) => rowsJson(rows) : renderRows)
      const { notes, rows } = yield* look(names)
      yield* tellNotes(notes)
      yield* Console.log(output === "json" ? rowsJson(rows, 2) : renderRows(rows))
      const exitCode = exitCodeOf(rows)
      if (exitCode !== 0) return yield* new NotWell({ exitCode, message: "" })
    }).pipe(
      Effect.provide(kubernetes(server)),
      Effect.mapError((error) => error._tag === "NotWell" ? error : cannotTell(error))
    )
).pipe(Command.withDescription("The cluster's nodes, those with problems first"))
