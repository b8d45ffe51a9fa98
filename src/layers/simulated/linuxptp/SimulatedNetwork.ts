/**
 * The world around simulated nodes: their NICs, whether a grandmaster is heard there, and what runs on them.
 * Tests and the demo's story change it (a clock goes silent, a cable is pulled, a process is killed); the simulated
 * linuxptp looks at it. It keeps no time of its own.
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

/** A simulated process that can be killed from outside, as an OOM killer would. */
export interface KillableProcess {
  readonly node: string
  readonly id: string
  readonly kill: Effect.Effect<void>
}

/** What the simulated nodes stand in, and the hand that changes it. */
export class SimulatedNetwork extends Context.Service<SimulatedNetwork, {
  /** The node as it is now. A name that nobody set up is a node without NICs that hears nothing. */
  readonly node: (name: string) => Effect.Effect<SimulatedNode>
  /** The node's NICs now, then after each change. */
  readonly interfaces: (name: string) => Stream.Stream<ReadonlyArray<NetworkInterface>>
  /** Takes the grandmaster away from one node or, without a name, from all. */
  readonly silenceGrandmaster: (name?: string) => Effect.Effect<void>
  /** Brings the grandmaster back to one node or, without a name, to all. */
  readonly restoreGrandmaster: (name?: string) => Effect.Effect<void>
  /** Plugs or pulls the cable of one NIC. An unknown NIC changes nothing. */
  readonly setLink: (name: string, nic: string, up: boolean) => Effect.Effect<void>
  /** SIGKILL to the process of this id; false when the node runs none. */
  readonly kill: (name: string, id: string) => Effect.Effect<boolean>
  /** A pid that no other process of the network had. */
  readonly newPid: () => number
  /** Makes a process known to `kill`. */
  readonly admit: (process: KillableProcess) => Effect.Effect<void>
  /** Forgets a process that has ended. */
  readonly dismiss: (process: KillableProcess) => Effect.Effect<void>
}>()("linuxptp-daemon/layers/simulated/linuxptp/SimulatedNetwork") {}

/** Looks like the pids of a node that has been up for a while. */
const firstPid = 4001

const unknownNode = (name: string): SimulatedNode => ({ name, interfaces: [], hearsGrandmaster: false })

/** A network of these nodes; each hears the grandmaster, and links are up or down as the interfaces say. */
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

      /** Changes one node, or all when no name is given. */
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

/** Gives the NICs of one simulated node to the daemon; a pulled cable shows in its status. */
export const deviceDiscovery = (nodeName: string): Layer.Layer<DeviceDiscovery, never, SimulatedNetwork> =>
  Layer.effect(
    DeviceDiscovery,
    SimulatedNetwork.useSync((network) => DeviceDiscovery.of({ interfaces: network.interfaces(nodeName) }))
  )
