/** Programs for tests of real children: `timemaster` starts others, and nobody leaves anything outside its directory. */
import { Effect, Layer } from "effect"
import { ProgramHabits } from "../../../src/services/processes/ProgramHabits.ts"

export const standInHabits = (change: Partial<ProgramHabits["Service"]> = {}): Layer.Layer<ProgramHabits> =>
  Layer.succeed(ProgramHabits, {
    programs: ["ptp4l", "timemaster"],
    parents: ["timemaster"],
    removeTraces: () => Effect.void,
    removeAllTraces: Effect.void,
    ...change
  })
