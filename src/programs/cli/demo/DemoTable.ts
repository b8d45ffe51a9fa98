/**
 * The demo's nodes as a table, from what their daemons publish in NodePTPDev. On a terminal it is redrawn in place;
 * elsewhere each change of a node is one line. It uses only what a user of kubectl can read too.
 */
import { Effect, Option, Schema, Stream } from "effect"
import type { KubernetesObject } from "../../../services/kubernetes/KubernetesObject.ts"
import { NodePTPDevStatus } from "../../../services/kubernetes/NodePTPDev.ts"
import { printable, tableLines } from "../Table.ts"
import { DemoScreen } from "./DemoScreen.ts"

/** The most important columns come first, because a terminal of 80 columns cuts off the end. */
const columns = ["NODE", "PROFILE", "CLOCK", "APPLIED", "PORTS", "PROCESSES"]

/** The cells of one node. */
type Row = ReadonlyArray<string>

/** The table with one line per node, sorted by name and cut to `width` columns. */
export const renderDemoTable = (
  objects: ReadonlyArray<KubernetesObject>,
  width: number
): ReadonlyArray<string> => {
  if (objects.length === 0) return ["No node has published a NodePTPDev yet."]
  return tableLines(columns, [...rowsOf(objects).values()]).map((line) => cut(line, width))
}

/** Used where there is no table: one line for each node that appeared, changed or disappeared between two lists. */
export const changedLines = (
  before: ReadonlyArray<KubernetesObject>,
  after: ReadonlyArray<KubernetesObject>
): ReadonlyArray<string> => {
  const old = new Map([...rowsOf(before)].map(([node, row]) => [node, sentence(row)]))
  const now = new Map([...rowsOf(after)].map(([node, row]) => [node, sentence(row)]))
  return [
    ...[...now].filter(([node, line]) => old.get(node) !== line).map(([, line]) => line),
    ...[...old.keys()].filter((node) => !now.has(node)).map((node) => `${node}: its NodePTPDev is gone`)
  ]
}

/** Shows every list, for as long as it runs. */
export const showTable = Effect.fn("showTable")(function*(objects: Stream.Stream<ReadonlyArray<KubernetesObject>>) {
  const screen = yield* DemoScreen
  if (screen.isLive) {
    // In an empty cluster it may take long until the first list comes.
    const lists = Stream.concat(Stream.make([]), objects)
    yield* Stream.runForEach(lists, (current) => screen.draw((width) => ["", ...renderDemoTable(current, width)]))
  } else {
    const changes = Stream.mapAccum(
      objects,
      (): ReadonlyArray<KubernetesObject> => [],
      (before, current) => [current, changedLines(before, current)]
    )
    yield* Stream.runForEach(changes, screen.say)
  }
  return yield* Effect.never
})

const rowsOf = (objects: ReadonlyArray<KubernetesObject>): ReadonlyMap<string, Row> =>
  new Map(
    objects
      .map((object): readonly [string, Row] => [object.metadata.name, rowOf(object)])
      .toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
  )

const decodeStatus = Schema.decodeUnknownOption(NodePTPDevStatus)

const rowOf = (object: KubernetesObject): Row => {
  const cells = Option.match(decodeStatus(object["status"]), {
    onNone: () => [],
    onSome: (status) => [
      status.profiles.map(({ name }) => name).join(", "),
      clockText(status),
      appliedText(status),
      (status.clock?.ports ?? []).map((port) => `${port.interface} ${port.state}`).join(", "),
      status.processes.map(processText).join(", ")
    ]
  })
  return columns.map((_, column) => (column === 0 ? object.metadata.name : cells[column - 1]) || "-")
}

/** A grandmaster always runs on its own oscillator, so a bare FREERUN would be misleading. */
const clockText = ({ clock, conditions }: NodePTPDevStatus): string => {
  const isGrandmaster = conditions.some(({ reason, type }) => type === "Synchronized" && reason === "Grandmaster")
  return clock === undefined ? "" : `${clock.state}${isGrandmaster ? " (GM)" : ""}`
}

const processText = ({ program, restarts, state }: NodePTPDevStatus["processes"][number]): string => {
  const notes = [...(state === "Running" ? [] : [state]), ...(restarts === 0 ? [] : [`restarts: ${restarts}`])]
  return notes.length === 0 ? program : `${program} (${notes.join(", ")})`
}

const appliedText = ({ conditions }: NodePTPDevStatus): string => {
  const applied = conditions.find(({ type }) => type === "Applied")
  if (applied === undefined) return ""
  return applied.reason === "Applied" ? applied.status : `${applied.status} (${applied.reason})`
}

/** One node as a sentence, without the columns that are empty. */
const sentence = ([node = "", ...cells]: Row): string => {
  const facts = cells.flatMap((cell, index) => cell === "-" ? [] : [`${columns[index + 1]?.toLowerCase()} ${cell}`])
  return printable(`${node}: ${facts.length === 0 ? "no status yet" : facts.join("; ")}`)
}

const cut = (line: string, width: number): string =>
  line.length <= width ? line : `${line.slice(0, Math.max(width - 1, 0))}…`
