/**
 * The command `status`: prints every node of the cluster in one table, those with problems first. It reads the
 * NodePTPDevs once.
 */
import { Config, Console, Effect, type FileSystem, Layer, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import type { ChildProcessSpawner } from "effect/process"
import * as KubeConfigCredentials from "../../layers/kubernetes/credentials/KubeConfigCredentials.ts"
import * as PlainCredentials from "../../layers/kubernetes/credentials/PlainCredentials.ts"
import * as HttpKubernetesApi from "../../layers/kubernetes/HttpKubernetesApi.ts"
import { KubernetesApi } from "../../services/kubernetes/KubernetesApi.ts"
import type {
  KubernetesCredentials,
  KubernetesCredentialsError
} from "../../services/kubernetes/KubernetesCredentials.ts"
import type { KubernetesObject } from "../../services/kubernetes/KubernetesObject.ts"
import { nodePTPDevs, NodePTPDevStatus } from "../../services/kubernetes/NodePTPDev.ts"
import { tableLines } from "./Table.ts"

/** One row of the table. */
export interface NodeRow {
  readonly node: string
  readonly profiles: ReadonlyArray<string>
  readonly clock: string
  readonly applied: string
  /** The problems, in the words of the conditions; empty for a healthy node. */
  readonly problems: ReadonlyArray<string>
}

const decodeStatus = Schema.decodeUnknownOption(NodePTPDevStatus)
/** The status that each condition has on a healthy node. */
const healthy: Readonly<Record<string, string>> = { Applied: "True", Degraded: "False" }

const rowOf = (object: KubernetesObject): NodeRow =>
  Option.match(decodeStatus(object["status"]), {
    onNone: () => ({ node: object.metadata.name, profiles: [], clock: "-", applied: "-", problems: ["no status yet"] }),
    onSome: ({ clock, conditions, profiles }) => ({
      node: object.metadata.name,
      profiles: profiles.map((profile) => profile.name),
      clock: clock?.state ?? "-",
      applied: conditions.find((condition) => condition.type === "Applied")?.status ?? "-",
      problems: conditions
        .filter(({ reason, status, type }) =>
          type === "Synchronized"
            ? status === "False" && reason !== "Grandmaster"
            : (healthy[type] ?? status) !== status
        )
        .map(({ message, reason, type }) => `${type}: ${reason}: ${message}`)
    })
  })

/** The rows of all nodes: first those with problems, then the others, both sorted by name. */
export const nodeRows = (objects: ReadonlyArray<KubernetesObject>): ReadonlyArray<NodeRow> =>
  objects.map(rowOf).toSorted((a, b) =>
    Math.sign(b.problems.length) - Math.sign(a.problems.length) || (a.node < b.node ? -1 : 1)
  )

const columns = ["NODE", "PROFILE", "CLOCK", "APPLIED", "PROBLEM"]

/** The rows as a table for people. */
export const renderRows = (rows: ReadonlyArray<NodeRow>): string => {
  if (rows.length === 0) return "No NodePTPDevs found."
  const cells = rows.map(({ applied, clock, node, problems, profiles }) => [
    node,
    profiles.join(",") || "-",
    clock,
    applied,
    problems.join("; ") || "-"
  ])
  return tableLines(columns, cells).join("\n")
}

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

/** The subcommand `status`. It reads the cluster of the current kubeconfig, or the server given as an option. */
export const statusCommand = Command.make(
  "status",
  {
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
  },
  ({ output }) =>
    Effect.gen(function*() {
      const rows = nodeRows(yield* KubernetesApi.use((api) => api.list(nodePTPDevs)))
      yield* Console.log(output === "json" ? JSON.stringify(rows, undefined, 2) : renderRows(rows))
    })
).pipe(
  Command.withDescription("The cluster's nodes, those with problems first"),
  Command.provide(({ server }) => kubernetes(server))
)
