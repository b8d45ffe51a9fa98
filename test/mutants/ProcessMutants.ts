/** Mistakes in supervision: order, restarts, stops, and what a child leaves behind. */
import type { Mutant } from "./Mutant.ts"

export const processMutants: ReadonlyArray<Mutant> = []
