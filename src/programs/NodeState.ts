/** What the daemon's programs tell each other: where reconciling stands and how the node's clock is. */
import { Context, Effect, Layer, Option, SubscriptionRef } from "effect"
import type { NodeClock } from "../services/clocks/NodeClock.ts"
import type { Decision } from "../services/profiles/Decision.ts"
import type { KnownGood } from "../services/profiles/LastKnownGood.ts"

/** Where reconciling stands. */
export interface Reconciliation {
  /** What was decided last; `None` until linuxptp and the API server, or the disk in its place, have answered. */
  readonly decision: Option.Option<Decision>
  /** True while the decision is the last one that worked, because the API server has not answered yet. */
  readonly isFromDisk: boolean
  /** What is to be kept on disk: the newest configuration that worked. */
  readonly knownGood: Option.Option<KnownGood>
  readonly linuxptpMissing: boolean
  /** Monotonic nanoseconds since which something is being decided. */
  readonly decidingSince: bigint | undefined
  /** Monotonic nanoseconds since which an apply is under way. */
  readonly applyingSince: bigint | undefined
}

export class NodeState extends Context.Service<NodeState, {
  /** Written by NodeDecisions only, but for `applyingSince`, which is ReconcileProfiles'. */
  readonly reconciliation: SubscriptionRef.SubscriptionRef<Reconciliation>
  /** Written by ObserveClocks only; undefined until the first observation. */
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
        decidingSince: undefined,
        applyingSince: undefined
      }),
      clock: yield* SubscriptionRef.make<NodeClock | undefined>(undefined)
    }
  })
)
