/**
 * What happens in the demo by itself: from time to time one node loses its grandmaster and finds it again. Each event
 * is announced, so that nobody takes it for a result of their own experiment.
 */
import { Effect } from "effect"
import { SimulatedNetwork } from "../../../layers/simulated/linuxptp/SimulatedNetwork.ts"

/** In seconds; long enough to see every node lock before. */
const untilFirstLoss = 25
/** Announce messages time out after 6 s and holdover ends 5 s later, so a user sees both. */
const silence = 15
/** Rarely, so that users can experiment undisturbed most of the time. */
const betweenLosses = 180

/** Runs on `nodeName` until it is interrupted. Each step is announced in one line. */
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
