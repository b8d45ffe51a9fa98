/**
 * What it costs to hear ptp4l's management sockets while all is well. Real ptp4l follow a grandmaster in namespaces of
 * their own and print nothing; the observer of the clocks runs beside them, in turn with and without the sockets. The
 * difference in CPU time, by ptp4l, is told, beside what mere wake-ups take: on a busy virtual machine that may be most
 * of it. Needs root and linuxptp; `PAIRS` in the environment asks for another number of pairs.
 */
import { Config, Console, Effect, Layer, Metric, Stream, SubscriptionRef } from "effect"
import * as ManagementSocketClient from "../src/layers/linuxptp/ManagementSocketClient.ts"
import * as Libc from "../src/layers/native/Libc.ts"
import * as InMemoryDeviceDiscovery from "../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as NoManagementClient from "../src/layers/simulated/linuxptp/NoManagementClient.ts"
import * as NodeState from "../src/programs/NodeState.ts"
import * as ObserveClocks from "../src/programs/ObserveClocks.ts"
import { ProcessSupervisor } from "../src/services/processes/ProcessSupervisor.ts"
import { Settings } from "../src/services/Settings.ts"
import { specOf, statusOf } from "../test/services/clocks/ProcessLog.ts"
import {
  child,
  eventually,
  harmless,
  type Lab,
  labLayer,
  labMissing,
  makeLab,
  startGrandmaster
} from "../test/system/Lab.ts"
import { machineFacts } from "./MachineFacts.ts"

const ptp4ls = 4
const settling = "4 seconds"
const seconds = 20
/** Percent of a core. */
const target = 0.02

const settings = Layer.succeed(Settings, {
  nodeName: "worker-1",
  namespace: "ptp",
  runDirectory: "/run/test",
  stateDirectory: "/var/lib/test",
  sysfsRoot: "/sys",
  metricsPort: 0,
  healthPort: 0,
  logLevel: "Info",
  logFormat: "json"
})

const socketOf = ({ directory }: Lab, index: number) => `${directory}/client${index}`

const startClient = (lab: Lab, index: number) => {
  const words = `-S -2 -s -m -q -i nic0 --uds_address ${socketOf(lab, index)} --summary_interval 8 ${harmless}`
  return child("ptp4l", words.split(" "))
}

const statusesOf = (lab: Lab) =>
  Array.from({ length: ptp4ls }, (_, index) =>
    statusOf(specOf("ptp4l", {
      id: `ptp4l${index}`,
      interfaces: [`nic${index}`],
      management: { path: socketOf(lab, index), domainNumber: 0, transportSpecific: 0 }
    })))

/** Percent of a core that this process takes from now on. */
const cpuNow = Effect.gen(function*() {
  const [before, beganAt] = [process.cpuUsage(), performance.now()]
  yield* Effect.sleep(seconds * 1_000)
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 10 / (performance.now() - beganAt)
})

/** The same while the observer runs and all is well. */
const cpuOf = Effect.fnUntraced(function*(lab: Lab, isHeard: boolean) {
  const { clock } = yield* NodeState.NodeState
  yield* ObserveClocks.run.pipe(
    Effect.provideService(ProcessSupervisor, {
      apply: () => Effect.void,
      stop: Effect.void,
      retryNow: () => Effect.void,
      statuses: Stream.concat(Stream.succeed(statusesOf(lab)), Stream.never),
      output: Stream.never
    }),
    Effect.provide(isHeard ? Layer.provide(ManagementSocketClient.layer, Libc.layer) : NoManagementClient.layer),
    Effect.forkScoped
  )
  if (isHeard) {
    const all = Effect.map(
      SubscriptionRef.get(clock),
      (now) => now?.ports.filter(({ state }) => state === "SLAVE").length === ptp4ls ? true : undefined
    )
    yield* eventually("every ptp4l follows", all, "30 seconds")
  }
  yield* Effect.sleep(settling)
  return yield* cpuNow
}, Effect.scoped)

/** The same for as many wake-ups a second in which nothing is done: what the machine itself takes. */
const cpuOfWaking = Effect.acquireUseRelease(
  Effect.sync(() => setInterval(() => undefined, 1_000 / ptp4ls)),
  () => cpuNow,
  (timer) => Effect.sync(() => clearInterval(timer))
)

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const measure = Effect.gen(function*() {
  const pairs = yield* Config.Int("PAIRS").pipe(Config.withDefault(8))
  const lab = yield* makeLab
  yield* startGrandmaster(lab)
  for (let index = 0; index < ptp4ls; index++) yield* startClient(lab, index)
  yield* Console.log(`${machineFacts()}\nin percent of a core for each of ${ptp4ls} ptp4l:`)
  yield* Console.log("    heard  not heard  difference  bare wake-ups")
  const differences: Array<number> = []
  for (let pair = 0; pair < pairs; pair++) {
    const each = (yield* Effect.all([cpuOf(lab, true), cpuOf(lab, false), cpuOfWaking])).map((one) => one / ptp4ls)
    const [heard = Number.NaN, unheard = Number.NaN, waking = Number.NaN] = each
    // What is compiled in the first one costs nothing later.
    if (pair > 0) differences.push(heard - unheard)
    yield* Console.log(
      [heard, unheard, heard - unheard, waking].map((one) => one.toFixed(4).padStart(11)).join("").slice(2)
    )
  }
  yield* Console.log(
    `difference without the first: median ${median(differences).toFixed(4)}, ` +
      `least ${Math.min(...differences).toFixed(4)} % of a core (target ${target})`
  )
})

export const benchEvidence: Effect.Effect<void, unknown> = labMissing === undefined
  ? measure.pipe(
    Effect.scoped,
    Effect.provide(Layer.mergeAll(labLayer, NodeState.layer, settings, InMemoryDeviceDiscovery.layer([]))),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )
  : Effect.die(new Error(labMissing))
