/** The rows of the command `status`: one node each, as JSON or as a table for people. StatusCommand reads the cluster. */
import { Option, Schema } from "effect"
import type { KubernetesObject } from "../../services/kubernetes/KubernetesObject.ts"
import { NodePTPDevStatus } from "../../services/kubernetes/NodePTPDev.ts"
import { type Freshness, freshnessOf, type Witnesses } from "../../services/status/Freshness.ts"
import { tableLines } from "./Table.ts"

/** One row of the table. */
export interface NodeRow {
  readonly node: string
  readonly profiles: ReadonlyArray<string>
  /** The state of the clock; `STALE` if nobody can know it, `-` without a clock. */
  readonly clock: string
  readonly applied: string
  /** Whether the status still speaks for its node. */
  readonly status: Freshness["_tag"] | "Missing"
  /** The problems, in the words of the conditions; empty for a healthy node. */
  readonly problems: ReadonlyArray<string>
}

const decodeStatus = Schema.decodeUnknownOption(NodePTPDevStatus)
/** The status that each condition has on a healthy node. */
const healthy: Readonly<Record<string, string>> = { Applied: "True", Degraded: "False" }

const emptyRow = { profiles: [], clock: "-", applied: "-" }

const rowOf = (object: KubernetesObject, witnesses: Witnesses): NodeRow => {
  const node = object.metadata.name
  return Option.match(decodeStatus(object["status"]), {
    onNone: () => ({ node, ...emptyRow, status: "Missing", problems: ["no status yet"] }),
    onSome: (status) => statusRow(node, status, freshnessOf(node, status, witnesses))
  })
}

const statusRow = (node: string, status: NodePTPDevStatus, freshness: Freshness): NodeRow => {
  const { clock, conditions } = status
  const profiles = status.profiles.map(({ name }) => name)
  switch (freshness._tag) {
    case "Stopped":
      return { node, ...emptyRow, status: "Stopped", problems: [`the daemon was stopped at ${freshness.at}`] }
    case "Stale":
      return { node, profiles, clock: "STALE", applied: "-", status: "Stale", problems: [staleText(freshness, status)] }
    default:
      return {
        node,
        profiles,
        clock: clock?.state ?? "-",
        applied: conditions.find((condition) => condition.type === "Applied")?.status ?? "-",
        status: freshness._tag,
        problems: problemsOf(conditions)
      }
  }
}

const staleText = ({ reason }: { readonly reason: string }, { clock }: NodePTPDevStatus): string =>
  `STALE: ${reason}${clock === undefined ? "" : `; ${clock.state} was its last word`}`

const problemsOf = (conditions: NodePTPDevStatus["conditions"]): ReadonlyArray<string> =>
  conditions
    .filter(({ reason, status, type }) =>
      type === "Synchronized"
        ? status === "False" && reason !== "Grandmaster"
        : (healthy[type] ?? status) !== status
    )
    .map(({ message, reason, type }) => `${type}: ${reason}: ${message}`)

/**
 * The rows of the nodes of these names, or of all: first those with problems, then the others, both sorted by name. A
 * name without an object is a problem too.
 */
export const nodeRows = (
  objects: ReadonlyArray<KubernetesObject>,
  witnesses: Witnesses,
  names: ReadonlyArray<string> = []
): ReadonlyArray<NodeRow> => {
  const rows = objects.map((object) => rowOf(object, witnesses))
  const chosen = names.length === 0 ?
    rows :
    [...new Set(names)].map((name) => rows.find(({ node }) => node === name) ?? missingRow(name))
  return chosen.toSorted((a, b) =>
    Math.sign(b.problems.length) - Math.sign(a.problems.length) || (a.node < b.node ? -1 : 1)
  )
}

const missingRow = (node: string): NodeRow => ({
  node,
  ...emptyRow,
  status: "Missing",
  problems: ["there is no NodePTPDev: no daemon has run on a node of this name"]
})

/** 0 when all is well, 1 when a node has a problem, 2 when that cannot be told. */
export const exitCodeOf = (rows: ReadonlyArray<NodeRow>): 0 | 1 | 2 => {
  if (rows.some(({ problems }) => problems.length > 0)) return 1
  return rows.length === 0 || rows.some(({ status }) => status === "Unknown") ? 2 : 0
}

/** What the reader may not see, and what follows from it. */
export const notesOn = ({ nodes, pods }: Witnesses): ReadonlyArray<string> => {
  if (nodes === undefined && pods === undefined) {
    return ["you may see neither Nodes nor Pods: whether these statuses are stale can't be told"]
  }
  if (pods === undefined) return ["you may not see Pods: whether a status is stale is told by the Node alone"]
  return nodes === undefined ? ["you may not see Nodes: whether a status is stale is told by the Pod alone"] : []
}

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

/** JSON escapes only C0 controls, but terminals act on others too. */
const unsafeInJson = /[\u007f-\u009f]|[\p{Cf}\p{Zl}\p{Zp}]/gu

/** The rows as JSON that steers no terminal, whatever a node wrote. */
export const rowsJson = (rows: ReadonlyArray<NodeRow>, indent?: number): string =>
  JSON.stringify(rows, undefined, indent).replace(
    unsafeInJson,
    (character) =>
      Array.from(
        { length: character.length },
        (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`
      ).join("")
  )
