/**
 * What the runner of real processes, the run directory and the guard need to know about linuxptp's programs: which
 * start others, and what they leave behind.
 */
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
