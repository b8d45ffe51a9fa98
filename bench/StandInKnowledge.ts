/** What a benchmark's supervisor is told about its stand-in programs: the first line says that they work. */
import type { ProgramKnowledge } from "../src/services/processes/ProgramKnowledge.ts"

export const standInKnowledge: ProgramKnowledge = {
  becomesReady: () => true,
  isConfigurationError: () => false,
  lastWords: () => "",
  whyNotReady: () => "",
  longestPause: () => undefined,
  probe: () => undefined
}
