/** Mistakes in what is published, when, and in what is kept on disk. */
import type { Mutant } from "./Mutant.ts"

export const statusMutants: ReadonlyArray<Mutant> = []
