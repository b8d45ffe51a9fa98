/**
 * Waits for what lets a version be tried again: the time of the next start, and devices or files that come. The rules
 * are in `services/profiles/Trials.ts`.
 */
import { Effect, FiberMap, Queue, Stream } from "effect"
import { DeviceDiscovery } from "../services/devices/DeviceDiscovery.ts"
import type { NodeMemoryAction, NodeMemoryEvent } from "../services/profiles/NodeMemoryEvent.ts"
import { sleepUntil } from "./SleepUntil.ts"

type Wait = Extract<NodeMemoryAction, { readonly _tag: "LookAtFiles" | "WaitUntil" }>

/** `begin` returns at once; `events` has what came of it. A newer look or timer replaces the one before. */
export const waitForTrials = Effect.gen(function*() {
  const { look } = yield* DeviceDiscovery
  const events = yield* Queue.sliding<NodeMemoryEvent>(2)
  const underWay = yield* FiberMap.make<Wait["_tag"]>()
  const eventOf = (wait: Wait): Effect.Effect<NodeMemoryEvent> =>
    wait._tag === "WaitUntil"
      ? Effect.as(sleepUntil(wait.monotonicNanos), { _tag: "Due" })
      : Effect.map(look(wait.paths), (files) => ({ _tag: "FilesSeen", files }))
  return {
    events: Stream.fromQueue(events),
    begin: (wait: Wait) =>
      FiberMap.run(underWay, wait._tag, Effect.flatMap(eventOf(wait), (event) => Queue.offer(events, event)))
  }
})
