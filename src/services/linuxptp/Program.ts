/** The programs of linuxptp that the daemon runs. */
import { Schema } from "effect"

export const Program = Schema.Literals(["ptp4l", "phc2sys", "ts2phc", "timemaster"])
export type Program = typeof Program.Type

export const isProgram = Schema.is(Program)

/** Only timemaster starts other programs, and ends them. */
export const programsWithChildren: ReadonlyArray<Program> = ["timemaster"]
