/** How linuxptp's programs behave at their end, for the runner of real children and the run directory. */
import { Effect, Layer } from "effect"
import { Program, programsWithChildren } from "../../services/linuxptp/Program.ts"
import { ProgramHabits } from "../../services/processes/ProgramHabits.ts"
import { Libc } from "../native/Libc.ts"
import { removeClientSockets, removeDeadClientSockets } from "./ClientSockets.ts"

export const layer: Layer.Layer<ProgramHabits, never, Libc> = Layer.effect(
  ProgramHabits,
  Effect.map(Libc, (libc) => ({
    programs: Program.literals,
    parents: programsWithChildren,
    removeTraces: removeClientSockets,
    removeAllTraces: Effect.provideService(removeDeadClientSockets(), Libc, libc)
  }))
)
