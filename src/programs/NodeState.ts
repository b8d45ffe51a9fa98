/** What the parts of the daemon share: the state of reconciling and the state of the node's clock. */
import { Context, Effect, Layer, Option, Ref, SubscriptionRef } from "effect"
import type { NodeClock } from "../services/clocks/NodeClock.ts"
import type { LinuxptpVersion } from "../services/linuxptp/LinuxptpVersion.ts"
import type { Decision } from "../services/profiles/Decision.ts"
import type { KnownGood } from "../services/profiles/LastKnownGood.ts"

/** The decision that counts, and how it came about. */
export interface Reconciliation {
  /**
   * The last decision. `None` until linuxptp is found and the API server has answered; the configuration on disk may
   * take the API server's place.
   */
  readonly decision: Option.Option<Decision>
  /** True while the decision comes from disk, because the API server has not answered yet. */
  readonly isFromDisk: boolean
  /** The newest configuration that worked, which is to be saved to disk. */
  readonly knownGood: Option.Option<KnownGood>
  readonly linuxptpMissing: boolean
  /** Since when something is being decided, in monotonic nanoseconds. */
  readonly decidingSince: bigint | undefined
}

/** What NodeFacts learns that a status shows too. */
export interface Surroundings {
  /** Undefined until linuxptp was looked for, and while it is not installed. */
  readonly linuxptp: LinuxptpVersion | undefined
  /** Undefined while the API server knows no Node of this name. */
  readonly nodeUid: string | undefined
}

export class NodeState extends Context.Service<NodeState, {
  /** Only NodeDecisions writes it. */
  readonly reconciliation: SubscriptionRef.SubscriptionRef<Reconciliation>
  /** Only NodeFacts writes it. */
  readonly surroundings: SubscriptionRef.SubscriptionRef<Surroundings>
  /** Since when an apply is under way, in monotonic nanoseconds. Only ReconcileProfiles writes it. */
  readonly applyingSince: Ref.Ref<bigint | undefined>
  /** Only ObserveClocks writes it. Undefined until the first observation. */
  readonly clock: SubscriptionRef.SubscriptionRef<NodeClock | undefined>
}>()("linuxptp-daemon/programs/NodeState") {}

export const layer: Layer.Layer<NodeState> = Layer.effect(
  NodeState,
  Effect.gen(function*() {
    return {
      reconciliation: yield* SubscriptionRef.make<Reconciliation>({
        decision: Option.none(),
        isFromDisk: false,
        knownGood: Option.none(),
        linuxptpMissing: false,
        decidingSince: undefined
      }),
      surroundings: yield* SubscriptionRef.make<Surroundings>({ linuxptp: undefined, nodeUid: undefined }),
      applyingSince: yield* Ref.make<bigint | undefined>(undefined),
      clock: yield* SubscriptionRef.make<NodeClock | undefined>(undefined)
    }
  })
)
