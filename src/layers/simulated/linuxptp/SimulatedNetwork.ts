/**
 * The world around simulated nodes: their NICs, whether a grandmaster is heard there, and which processes run on them.
 * Tests and the demo's story change it (a grandmaster falls silent, a cable is pulled, a process is killed); the
 * simulated linuxptp reads it. It has no time of its own.
 */
import { Context, Effect, Layer, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../../../services/devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../../../services/devices/PtpDevice.ts"

/** One node as its programs see it. */
export interface SimulatedNode {
  readonly name: string
  readonly interfaces: ReadonlyArray<NetworkInterface>
  /** True while Announce messages of the network's grandmaster reach the first port of each ptp4l. */
  readonly hearsGrandmaster: boolean
}

/** A simulated process that can be killed from outside, as the OOM killer would. */
export interface KillableProcess {
  readonly node: string
  readonly id: string
  readonly kill: Effect.Effect<void>
}

/** The surroundings of the simulated nodes, with functions to change them. */
export class SimulatedNetwork extends Context.Service<SimulatedNetwork, {
  /** The present state of the node. A node that nobody has set up has no NICs and hears nothing. */
  readonly node: (name: string) => Effect.Effect<SimulatedNode>
  /** The node's NICs: the present list, then the list after each change. */
  readonly interfaces: (name: string) => Stream.Stream<ReadonlyArray<NetworkInterface>>
  /** Silences the grandmaster for one node or, without a name, for all. */
  readonly silenceGrandmaster: (name?: string) => Effect.Effect<void>
  /** Lets one node or, without a name, all nodes hear the grandmaster again. */
  readonly restoreGrandmaster: (name?: string) => Effect.Effect<void>
  /** Plugs or pulls the cable of one NIC. For an unknown NIC nothing changes. */
  readonly setLink: (name: string, nic: string, up: boolean) => Effect.Effect<void>
  /** Sends SIGKILL to the process with this id; false if the node runs none. */
  readonly kill: (name: string, id: string) => Effect.Effect<boolean>
  /** A pid that no other process of the network has had. */
  readonly newPid: () => number
  /** Registers a process, so that `kill` finds it. */
  readonly admit: (process: KillableProcess) => Effect.Effect<void>
  /** Forgets a process that has ended. */
  readonly dismiss: (process: KillableProcess) => Effect.Effect<void>
}>()("linuxptp-daemon/layers/simulated/linuxptp/SimulatedNetwork") {}

/** Pids look like those of a node that has been up for a while. */
const firstPid = 4001

const unknownNode = (name: string): SimulatedNode => ({ name, interfaces: [], hearsGrandmaster: false })

/** A network of these nodes. Each hears the grandmaster; links are up or down as given in the interfaces. */
export const layer = (
  nodes: ReadonlyArray<{ readonly name: string; readonly interfaces: ReadonlyArray<NetworkInterface> }>
): Layer.Layer<SimulatedNetwork> =>
  Layer.effect(
    SimulatedNetwork,
    Effect.gen(function*() {
      const world = yield* SubscriptionRef.make<ReadonlyMap<string, SimulatedNode>>(
        new Map(nodes.map(({ interfaces, name }) => [name, { name, interfaces, hearsGrandmaster: true }]))
      )
      const processes = new Set<KillableProcess>()
      let lastPid = firstPid - 1

      /** Changes one node, or all nodes if no name is given. */
      const change = (name: string | undefined, next: (node: SimulatedNode) => SimulatedNode) =>
        SubscriptionRef.update(
          world,
          (nodes) =>
            new Map([...nodes].map(([key, node]) => [key, name === undefined || name === key ? next(node) : node]))
        )

      return SimulatedNetwork.of({
        node: (name) => Effect.map(SubscriptionRef.get(world), (nodes) => nodes.get(name) ?? unknownNode(name)),
        interfaces: (name) =>
          SubscriptionRef.changes(world).pipe(
            Stream.map((nodes) => (nodes.get(name) ?? unknownNode(name)).interfaces),
            Stream.changes
          ),
        silenceGrandmaster: (name) => change(name, (node) => ({ ...node, hearsGrandmaster: false })),
        restoreGrandmaster: (name) => change(name, (node) => ({ ...node, hearsGrandmaster: true })),
        setLink: (name, nic, up) => change(name, (node) => withLink(node, nic, up)),
        kill: Effect.fnUntraced(function*(name, id) {
          const victim = [...processes].find((process) => process.node === name && process.id === id)
          if (victim === undefined) return false
          yield* victim.kill
          return true
        }),
        newPid: () => ++lastPid,
        admit: (process) => Effect.sync(() => void processes.add(process)),
        dismiss: (process) => Effect.sync(() => void processes.delete(process))
      })
    })
  )

const withLink = (node: SimulatedNode, nic: string, up: boolean): SimulatedNode => ({
  ...node,
  interfaces: node.interfaces.map((found) => (found.name === nic ? { ...found, linkUp: up } : found))
})

/** Reports the NICs of one simulated node to the daemon. A pulled cable shows in `linkUp`. */
export const deviceDiscovery = (nodeName: string): Layer.Layer<DeviceDiscovery, never, SimulatedNetwork> =>
  Layer.effect(
    DeviceDiscovery,
    SimulatedNetwork.useSync((network) =>
      DeviceDiscovery.of({
        interfaces: network.interfaces(nodeName),
        // Simulated programs open nothing, so everything may be there.
        look: (paths) => Effect.succeed(paths.map((path) => ({ path, identity: "simulated" })))
      })
    )
  )
