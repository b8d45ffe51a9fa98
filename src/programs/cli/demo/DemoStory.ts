/**
 * What happens in the demo by itself: now and then one node loses its grandmaster and finds it again. Each event is
 * announced, so that nobody takes it for the effect of an own experiment.
 */
import { Effect } from "effect"
import { SimulatedNetwork } from "../../../layers/simulated/linuxptp/SimulatedNetwork.ts"

/** Seconds. Long enough to see every node lock first. */
const untilFirstLoss = 25
/** Announce messages time out after 6 s and holdover ends 5 s later: both are seen. */
const silence = 15
/** Rare: most of the time the demo belongs to its user. */
const betweenLosses = 180

/** Plays on `nodeName` until it is interrupted, and says in one line each what it does. */
export const runStory = Effect.fn("runStory")(function*<R>(
  nodeName: string,
  say: (line: string) => Effect.Effect<void, never, R>
) {
  const network = yield* SimulatedNetwork
  yield* Effect.sleep(`${untilFirstLoss} seconds`)
  return yield* Effect.gen(function*() {
    yield* say(`Story: ${nodeName} hears no grandmaster for ${silence} s; watch its clock.`)
    yield* network.silenceGrandmaster(nodeName)
    yield* Effect.sleep(`${silence} seconds`)
    yield* say(`Story: ${nodeName} hears the grandmaster again. This repeats every ${betweenLosses / 60} minutes.`)
    yield* network.restoreGrandmaster(nodeName)
    yield* Effect.sleep(`${betweenLosses} seconds`)
  }).pipe(Effect.forever)
})
