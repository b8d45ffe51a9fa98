/**
 * Everything outside of the daemon that a decision for this node depends on, as one stream. Each change gives the facts
 * after it. What the daemon's own processes show is added in NodeDecisions.
 */
import { Duration, Effect, Equal, Fiber, Option, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../services/devices/PtpDevice.ts"
import { KubernetesApi } from "../services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject } from "../services/kubernetes/KubernetesObject.ts"
import { nodes } from "../services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../services/kubernetes/NodePTPCfg.ts"
import { InstalledLinuxptp } from "../services/linuxptp/InstalledLinuxptp.ts"
import { decisionFacts, type ToldFacts } from "../services/profiles/DecisionFacts.ts"
import type { LastKnownGood } from "../services/profiles/LastKnownGood.ts"
import { Settings } from "../services/Settings.ts"
import * as KeepLastKnownGood from "./KeepLastKnownGood.ts"
import { NodeState, type Surroundings } from "./NodeState.ts"

/** How often to look for linuxptp while it is missing, and how often whether it is another one. */
const linuxptpMissingPoll = Duration.seconds(5)
const linuxptpChangePoll = Duration.seconds(10)

/** An API server that answers earlier waits this long for the disk, which knows what must not be tried again. */
const diskPatience = Duration.seconds(1)

const nothingTold: ToldFacts = {
  configs: undefined,
  node: undefined,
  interfaces: undefined,
  linuxptp: undefined,
  knownGood: undefined,
  isDiskLate: false,
  cause: undefined
}

/** The properties of a NIC that decisions use. A link that goes up or down causes no new decision. */
const decisive = ({ hardwareTimestamping, ifindex, isTold, name, phcIndex }: NetworkInterface) => [
  name,
  ifindex,
  phcIndex,
  isTold,
  hardwareTimestamping
]

/** The facts after each change, once there are enough for a decision. */
export const nodeFacts = Effect.gen(function*() {
  const api = yield* KubernetesApi
  const discovery = yield* DeviceDiscovery
  const installed = yield* InstalledLinuxptp
  const { nodeName } = yield* Settings
  const { surroundings } = yield* NodeState
  const show = (change: Partial<Surroundings>) => SubscriptionRef.update(surroundings, (now) => ({ ...now, ...change }))
  const askAgain = Effect.flatMap(
    SubscriptionRef.get(surroundings),
    ({ linuxptp }) => Effect.delay(installed.version, linuxptp === undefined ? linuxptpMissingPoll : linuxptpChangePoll)
  )
  const changes: ReadonlyArray<Stream.Stream<Partial<ToldFacts>>> = [
    api.watchAll(nodePTPCfgs, { traced: true }).pipe(
      Stream.map(({ change, objects }) => ({ configs: objects, cause: change }))
    ),
    api.watchAll(nodes, { name: nodeName, metadataOnly: true }).pipe(
      // A kubelet's heartbeats change the Node, but neither its labels nor its uid.
      Stream.changesWith((a, b) => Equal.equals(identityOf(a.objects), identityOf(b.objects))),
      Stream.tap(({ objects }) => show({ nodeUid: objects[0]?.metadata.uid })),
      Stream.tap(({ objects }) => objects.length === 0 ? tellNoNode(nodeName) : Effect.void),
      Stream.map(({ change, objects }) => ({ node: objects, cause: change }))
    ),
    discovery.interfaces.pipe(
      Stream.changesWith((a, b) => Equal.equals(a.map(decisive), b.map(decisive))),
      Stream.map((interfaces) => ({ interfaces, cause: undefined }))
    ),
    Stream.concat(Stream.fromEffect(installed.version), Stream.fromEffectRepeat(askAgain)).pipe(
      Stream.changesWith((a, b) => Equal.equals(a, b)),
      Stream.tap((linuxptp) => show({ linuxptp: Option.getOrUndefined(linuxptp) })),
      Stream.map((linuxptp) => ({ linuxptp, cause: undefined }))
    ),
    yield* whatIsOnDisk
  ]
  return Stream.mergeAll(changes, { concurrency: "unbounded" }).pipe(
    Stream.scan(() => nothingTold, (told, change): ToldFacts => ({ ...told, ...change })),
    Stream.flatMap((told) => Stream.fromIterable(Option.toArray(decisionFacts(told, nodeName))))
  )
})

/** The disk is asked once, for as long as that takes: nothing else gives a node its clock while the API is away. */
const whatIsOnDisk = Effect.gen(function*() {
  const load = Effect.provideContext(
    KeepLastKnownGood.load,
    yield* Effect.context<LastKnownGood | NodeState | Settings>()
  )
  return Stream.unwrap(Effect.gen(function*() {
    const loading = yield* Effect.forkScoped(load)
    const answer = Stream.map(Stream.fromEffect(Fiber.join(loading)), (knownGood) => ({ knownGood, cause: undefined }))
    const inTime = yield* Effect.timeoutOption(Fiber.await(loading), diskPatience)
    if (Option.isSome(inTime)) return answer
    yield* Effect.logWarning("the disk has not answered yet: waiting for it, or for the API server")
    return Stream.concat(Stream.make({ isDiskLate: true, cause: undefined }), answer)
  }))
})

const tellNoNode = (nodeName: string) =>
  Effect.logWarning("there is no Node of this name: rules by nodeLabel cannot match, and no NodePTPDev is made").pipe(
    Effect.annotateLogs({ nodeName })
  )

const identityOf = (objects: ReadonlyArray<KubernetesObject>) =>
  objects.map(({ metadata: { labels, uid } }) => [labels, uid])
