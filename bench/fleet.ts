/**
 * What a fleet of daemons costs one API server, and how fast it follows: thousands of simulated nodes, each with the
 * daemon's own client, reconciler and publisher, against one embedded API server over HTTP on loopback. Start, steady
 * state, edits, restarts of the API server. Bounds that do not hold end it with exit code 1.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Logger, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { version } from "../src/services/Version.ts"
import { editEveryNode, editOneNode, labelOneNode } from "./fleet/Edits.ts"
import { type Fleet, watchesANode } from "./fleet/Fleet.ts"
import { startApiServer, startNodes } from "./fleet/FleetProcesses.ts"
import { monotonicMillis } from "./fleet/MonotonicTime.ts"
import { makeReport } from "./fleet/Report.ts"
import { lostHistory, restart } from "./fleet/Restarts.ts"
import { addressOf, start, steady } from "./fleet/StartAndSteady.ts"
import { machineFacts } from "./MachineFacts.ts"

interface FleetOptions {
  readonly nodes: number
  readonly processes: number
  readonly down: ReadonlyArray<number>
  readonly steady: number
  readonly edits: number
  readonly quick: boolean
}

/** What is asked where nothing else is said; a quick run shows that all of it works, and measures little. */
const usual = { steady: 120, edits: 3, down: [1, 5, 20] }
const quick = { steady: 3, edits: 1, down: [1] }

const measure = Effect.fnUntraced(function*(options: FleetOptions) {
  const report = makeReport({ judgesSpeed: !options.quick })
  yield* Console.log(
    `${machineFacts()}\n${options.nodes} nodes in ${options.processes} processes, one embedded API server`
  )
  const watches = options.nodes * watchesANode
  const server = yield* startApiServer(watches)
  const nodes = yield* Effect.replicateEffect(
    startNodes(Math.ceil(watches / options.processes)),
    options.processes
  )
  const fleet: Fleet = { server, nodes, count: options.nodes }
  yield* server.Seed({ nodes: options.nodes })
  const { port } = yield* server.Listen({ addresses: nodes.map((_, index) => addressOf(index)), port: 0 })
  const began = monotonicMillis()
  yield* start(fleet, report, port)
  yield* steady(fleet, report, options.steady, began)
  let domain = 0
  for (let edit = 0; edit < options.edits; edit += 1) yield* editEveryNode(fleet, report, domain += 1)
  yield* editOneNode(fleet, report)
  yield* labelOneNode(fleet, report)
  for (const downSeconds of options.down) yield* restart(fleet, report, { port, downSeconds, domain: domain += 1 })
  const longest = Math.max(...options.down)
  if (!options.quick) yield* lostHistory(fleet, report, { port, downSeconds: longest, domain: domain += 1 })
  yield* Console.log(`\n${report.broken() === 0 ? "every bound holds" : `${report.broken()} bounds are broken`}`)
  if (report.broken() > 0) process.exitCode = 1
}, Effect.scoped)

const atLeast = (least: number) => (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.filter((value) => value >= least, (value) => `expected at least ${least}, not ${value}`),
    Flag.withDescription(description)
  )
const atLeastOne = atLeast(1)

const command = Command.make(
  "fleet",
  {
    // Two have a profile of their own.
    nodes: atLeast(3)("nodes", "simulated nodes (5000)").pipe(Flag.withDefault(5_000)),
    processes: atLeastOne("processes", "processes that they live in (2)").pipe(Flag.withDefault(2)),
    down: Flag.Int("down").pipe(
      Flag.atLeast(0),
      Flag.withDescription("seconds for which the API server is away; may be given more than once (1, 5, 20)")
    ),
    steady: Flag.optional(atLeastOne("steady", "seconds of the steady state (120)")),
    edits: Flag.optional(atLeastOne("edits", "edits that concern every node (3)")),
    quick: Flag.Boolean("quick").pipe(
      Flag.withDefault(false),
      Flag.withDescription(
        "a short steady state, one edit, an outage of one second, no lost history; times are told, not judged"
      )
    )
  },
  ({ down, edits, nodes, processes, steady, ...options }) => {
    const byDefault = options.quick ? quick : usual
    return measure({
      ...options,
      nodes,
      processes,
      down: down.length === 0 ? byDefault.down : down,
      edits: Option.getOrElse(edits, () => byDefault.edits),
      steady: Option.getOrElse(steady, () => byDefault.steady)
    })
  }
)

export const benchFleet: Effect.Effect<void, unknown> = Effect.suspend(() =>
  Command.runWith(command, { version })(process.argv.slice(3))
).pipe(Effect.provide(Layer.merge(NodeServices.layer, Logger.layer([]))))
