/**
 * Asks programs whether they accept the configurations that they would get. A question comes in, and its answer becomes
 * an event for the node's memory.
 */
import { Effect, Option, Stream } from "effect"
import { ConfigurationCheck } from "../services/processes/ConfigurationCheck.ts"
import type { ProcessSpec } from "../services/processes/ProcessSpec.ts"
import type { NodeMemoryAction, NodeMemoryEvent, Refusal } from "../services/profiles/NodeMemoryEvent.ts"
import { withinTraceOf } from "./ChangeTrace.ts"

export type Question = Extract<NodeMemoryAction, { readonly _tag: "AskPrograms" }>

/** The answers. A newer question interrupts the one before it, which then has no answer. */
export const answers = Effect.fnUntraced(function*(questions: Stream.Stream<Question>) {
  const check = yield* ConfigurationCheck

  /** Asks one after the other and stops at the first refusal. */
  const firstRefusal = Effect.fnUntraced(function*(specs: ReadonlyArray<ProcessSpec>) {
    for (const spec of specs) {
      const message = yield* check.refusal(spec)
      if (Option.isSome(message)) return Option.some<Refusal>({ spec, message: message.value })
    }
    return Option.none<Refusal>()
  })

  const answer = ({ asked, trigger }: Question) =>
    firstRefusal(asked).pipe(
      withinTraceOf(trigger.cause),
      Effect.map((refusal): NodeMemoryEvent => ({ _tag: "ConfigurationsChecked", asked, refusal }))
    )
  return Stream.switchMap(questions, (question) => Stream.fromEffect(answer(question)))
})
