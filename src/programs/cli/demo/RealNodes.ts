/**
 * Makes the nodes for `demo --real`: a network namespace with a grandmaster, a namespace for each node, and a cable
 * between them. ptp4l is the real one with software time stamps. Its servo may change the frequency of the machine's
 * clock by 1 ppb at most and never steps it. Everything is removed when the scope closes.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem, Layer, Option, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import * as CommandInstalledLinuxptp from "../../../layers/linuxptp/CommandInstalledLinuxptp.ts"
import * as LinuxptpHabits from "../../../layers/linuxptp/LinuxptpHabits.ts"
import * as ChildProcessRunner from "../../../layers/processes/ChildProcessRunner.ts"
import * as InMemoryDeviceDiscovery from "../../../layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as NoManagementClient from "../../../layers/simulated/linuxptp/NoManagementClient.ts"
import * as SimulatedConfigurationCheck from "../../../layers/simulated/linuxptp/SimulatedConfigurationCheck.ts"
import type { NetworkInterface } from "../../../services/devices/PtpDevice.ts"
import { InstalledLinuxptp } from "../../../services/linuxptp/InstalledLinuxptp.ts"
import { isAtLeast } from "../../../services/linuxptp/LinuxptpVersion.ts"
import type { Manifest } from "./CreateManifests.ts"

/** `demo --real` cannot create its network. It needs Linux, root, iproute2 and linuxptp. */
class RealNodesError extends Schema.TaggedError<RealNodesError>()("RealNodesError", { detail: Schema.String }) {
  override get message(): string {
    return `demo --real needs Linux, root, iproute2 and linuxptp: ${this.detail}`
  }
}

/** Options for a servo that cannot harm the machine's clock. */
const harmless = "--first_step_threshold 0 --step_threshold 0 --max_frequency 1" +
  " --pi_proportional_const 0.7 --pi_integral_const 0.3"
/** Messages are so frequent that a client locks within 2 s. */
const quick = "--logAnnounceInterval -2 --announceReceiptTimeout 2 --logSyncInterval -3 --logMinDelayReqInterval -3"

const command = Effect.fn("RealNodes.command")(function*(program: string, ...args: ReadonlyArray<string>) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const code = yield* spawner.exitCode(ChildProcess.make(program, args, { stdin: "ignore" })).pipe(
    Effect.mapError((error) => new RealNodesError({ detail: error.message }))
  )
  if (code !== 0) return yield* new RealNodesError({ detail: `${program} ${args.join(" ")} ended with ${code}` })
})

const namespace = (name: string) =>
  Effect.acquireRelease(
    Effect.andThen(command("ip", "netns", "add", name), command("ip", "-n", name, "link", "set", "lo", "up")),
    () => Effect.ignore(command("ip", "netns", "del", name))
  )

const cable = Effect.fn("RealNodes.cable")(function*(from: string, fromNic: string, to: string, toNic: string) {
  yield* command("ip", "link", "add", fromNic, "netns", from, "type", "veth", "peer", "name", toNic, "netns", to)
  yield* command("ip", "-n", from, "link", "set", fromNic, "up")
  yield* command("ip", "-n", to, "link", "set", toNic, "up")
})

const grandmaster = Effect.fn("RealNodes.grandmaster")(function*(
  netns: string,
  nics: ReadonlyArray<string>,
  directory: string
) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const { version } = yield* InstalledLinuxptp
  // linuxptp 4.0 and newer have a second socket, and both have a default path on the host, so both are named here.
  const isNew = Option.exists(yield* version, (found) => isAtLeast(found, 4, 0))
  const words = `-S -2 -q ${nics.map((nic) => `-i ${nic}`).join(" ")} --priority1 10 ${harmless} ${quick}`.split(" ")
  const args = [
    "--pdeathsig",
    "KILL",
    "ip",
    "netns",
    "exec",
    netns,
    "ptp4l",
    ...words,
    "--uds_address",
    `${directory}/gm`,
    ...(isNew ? ["--uds_ro_address", `${directory}/gmro`] : [])
  ]
  const options = { stdin: "ignore", stdout: "ignore", stderr: "ignore", forceKillAfter: "2 seconds" } as const
  yield* spawner.spawn(ChildProcess.make("setpriv", args, options)).pipe(
    Effect.mapError((error) => new RealNodesError({ detail: error.message }))
  )
})

const clientConfig = (nic: string): Manifest => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "software", namespace: "ptp" },
  spec: {
    profile: [{
      name: "software-client",
      interface: nic,
      ptp4lOpts: `-S -2 -s ${harmless} ${quick} --summary_interval 0`,
      ptpClockThreshold: { maxOffsetThreshold: 100_000, minOffsetThreshold: -100_000 }
    }],
    recommend: [{
      profile: "software-client",
      priority: 10,
      match: [{ nodeLabel: "node-role.kubernetes.io/worker" }]
    }]
  }
})

const virtualNic = (name: string): NetworkInterface => ({
  name,
  kind: "veth",
  linkUp: true,
  driver: "veth",
  pciAddress: undefined,
  phcIndex: undefined,
  hardwareTimestamping: false,
  softwareTimestamping: true,
  notCapable: "a veth has no clock of its own"
})

/** Makes `count` nodes, each with the NIC `eth1`, and a configuration for them. */
export const realNodes = Effect.fn("RealNodes.make")(
  function*(count: number) {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ptp-" }).pipe(
      Effect.mapError((error) => new RealNodesError({ detail: error.message }))
    )
    const prefix = `ptp${process.pid}`
    const names = Array.from({ length: count }, (_, index) => `worker-${index + 1}`)
    yield* namespace(`${prefix}-gm`)
    for (const [index, name] of names.entries()) {
      yield* namespace(`${prefix}-${name}`)
      yield* cable(`${prefix}-gm`, `gm${index}`, `${prefix}-${name}`, "eth1")
    }
    yield* grandmaster(`${prefix}-gm`, names.map((_, index) => `gm${index}`), directory)
    const nodes = names.map((name) => ({
      name,
      runDirectory: `${directory}/${name}`,
      machine: Layer.mergeAll(
        InMemoryDeviceDiscovery.layer([virtualNic("eth1")]),
        SimulatedConfigurationCheck.layer,
        // The sockets of ptp4l are in the namespaces, and the demo itself is not.
        NoManagementClient.layer,
        CommandInstalledLinuxptp.layer.pipe(Layer.provide(NodeServices.layer)),
        ChildProcessRunner.layer({
          runDirectory: `${directory}/${name}`,
          within: ["ip", "netns", "exec", `${prefix}-${name}`]
        }).pipe(Layer.provide(LinuxptpHabits.layer))
      )
    }))
    yield* Effect.forEach(nodes, (node) => Effect.orDie(fs.makeDirectory(node.runDirectory)), { discard: true })
    return { nodes, configs: [clientConfig("eth1")] }
  },
  Effect.provide(Layer.provideMerge(CommandInstalledLinuxptp.layer, NodeServices.layer))
)
